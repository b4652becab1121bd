/** Cuts a migration file into statements: the Data API takes one at a time. Knows quotes, dollar quotes and comments. */
export function splitSql(source: string): string[] {
  const statements: string[] = [];
  let begin = 0;
  let at = 0;
  while (at < source.length) {
    const skipTo = endOfQuoted(source, at);
    if (skipTo > at) {
      at = skipTo;
    } else if (source[at] === ';') {
      statements.push(source.slice(begin, at));
      at += 1;
      begin = at;
    } else {
      at += 1;
    }
  }
  statements.push(source.slice(begin));
  return statements.map((statement) => statement.trim()).filter((statement) => stripComments(statement) !== '');
}

/** Index after the quoted piece or comment that begins at `at`; `at` itself where none does. */
function endOfQuoted(source: string, at: number): number {
  if (source.startsWith('--', at)) return endAfter(source, '\n', at);
  if (source.startsWith('/*', at)) return endAfter(source, '*/', at + 2);
  const quote = source[at];
  if (quote === "'" || quote === '"') return endAfter(source, quote, at + 1); // a doubled quote begins the next piece
  const dollar = quote === '$' ? /^\$([A-Za-z_]\w*)?\$/.exec(source.slice(at, at + 64))?.[0] : undefined;
  return dollar === undefined ? at : endAfter(source, dollar, at + dollar.length);
}

function endAfter(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found + mark.length;
}

function stripComments(statement: string): string {
  return statement
    .replace(/--[^\n]*(\n|$)/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .trim();
}
