/** Cuts a migration file into statements: the Data API takes one at a time. Knows quotes, dollar quotes and comments. */
export function splitSql(source: string): string[] {
  const statements: string[] = [];
  let begin = 0;
  let at = 0;
  // A statement of nothing but space and comments is none.
  let empty = true;
  const cut = (end: number) => {
    if (!empty) statements.push(source.slice(begin, end).trim());
    begin = end + 1;
    empty = true;
  };
  while (at < source.length) {
    const afterComment = endOfComment(source, at);
    const afterQuoted = endOfQuoted(source, at);
    if (afterComment > at) {
      at = afterComment;
    } else if (source[at] === ';') {
      cut(at);
      at += 1;
    } else {
      empty &&= /\s/.test(source.charAt(at));
      at = Math.max(afterQuoted, at + 1);
    }
  }
  cut(source.length);
  return statements;
}

/** Index after the comment that begins at `at`; `at` itself where none does. */
function endOfComment(source: string, at: number): number {
  if (source.startsWith('--', at)) return endAfter(source, '\n', at);
  if (!source.startsWith('/*', at)) return at;
  const marks = /\/\*|\*\//g; // block comments nest
  marks.lastIndex = at + 2;
  for (let depth = 1; depth > 0; ) {
    const mark = marks.exec(source);
    if (mark === null) return source.length;
    depth += mark[0] === '/*' ? 1 : -1;
  }
  return marks.lastIndex;
}

/** Index after the string, quoted name, dollar quote or plain word that begins at `at`; `at` itself where none does. */
function endOfQuoted(source: string, at: number): number {
  const rest = matchAt(/[eE]'(?:[^'\\]|\\.|'')*'?/sy, source, at) ?? matchAt(/[\p{L}_][\p{L}\p{N}_$]*/uy, source, at);
  if (rest !== undefined) return at + rest.length;
  const quote = source[at];
  if (quote === "'" || quote === '"') return endAfter(source, quote, at + 1); // a doubled quote begins the next piece
  const dollar = matchAt(/\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy, source, at);
  return dollar === undefined ? at : endAfter(source, dollar, at + dollar.length);
}

function matchAt(sticky: RegExp, source: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(source)?.[0];
}

function endAfter(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found + mark.length;
}
