/**
 * Turns `:name` into `$n`, as the service does: not in quoted strings, quoted identifiers, comments and `::casts`, but
 * (unlike PostgreSQL) an array slice `a[1:2]` names the parameter `2`. Inside a dollar-quoted body the service rewrites
 * silently and so corrupts functions; here such SQL is refused.
 */
import { DataApiError } from './data-api-errors.ts';

export interface Scanned {
  /** The statement with `$1`, `$2` … */
  readonly text: string;
  /** Name of each `$n`, in order. */
  readonly names: readonly string[];
  /** First word in lower case. */
  readonly verb: string;
}

const letter = 'A-Za-z_\\u0080-\\uffff';
const tokens = new RegExp(
  [
    '(?<comment>--[^\\n]*)',
    '(?<block>/\\*)',
    "(?<string>[eE]'[^'\\\\]*(?:(?:\\\\[\\s\\S]|'')[^'\\\\]*)*'?|'[^']*(?:''[^']*)*'?)",
    '(?<identifier>"[^"]*"?)',
    `(?<dollar>\\$(?:[${letter}][0-9${letter}]*)?\\$)`,
    '(?<positional>\\$[0-9]+)',
    `(?<word>[${letter}][$0-9${letter}]*)`,
    '(?<cast>::)',
    '(?<parameter>:[A-Za-z0-9_]+)',
  ].join('|'),
  'g',
);

const largestCache = 500;

/** A scanner that remembers what it has scanned. Throws ValidationException. */
export function createScanner(): (sql: string) => Scanned {
  const known = new Map<string, Scanned>();
  return (sql) => {
    const hit = known.get(sql);
    if (hit !== undefined) return hit;
    const scanned = scan(sql);
    if (known.size >= largestCache) known.clear();
    known.set(sql, scanned);
    return scanned;
  };
}

function scan(sql: string): Scanned {
  const names: string[] = [];
  let text = '';
  let verb = '';
  let positional = false;
  let copied = 0;
  for (const token of tokensOf(sql)) {
    if (token.kind === 'word' && verb === '') verb = token.text.toLowerCase();
    if (token.kind === 'positional') positional = true;
    if (token.kind === 'body') refuseParameters(token.text);
    if (token.kind !== 'parameter') continue;
    const name = token.text.slice(1);
    if (!names.includes(name)) names.push(name);
    text += `${sql.slice(copied, token.begin)}$${names.indexOf(name) + 1}`;
    copied = token.begin + token.text.length;
  }
  if (verb === 'copy') throw new DataApiError('ValidationException', "COPY isn't supported.");
  if (positional && names.length > 0) {
    throw new DataApiError('ValidationException', 'Positional and named parameters cannot be mixed in one statement.');
  }
  return { text: text + sql.slice(copied), names, verb };
}

interface Token {
  /** A group of `tokens`, or `body`: a dollar-quoted string with its quotes. */
  readonly kind: string;
  readonly text: string;
  readonly begin: number;
}

function* tokensOf(sql: string): Generator<Token> {
  tokens.lastIndex = 0;
  let position = 0;
  for (;;) {
    tokens.lastIndex = position;
    const match = tokens.exec(sql);
    if (match === null) return;
    const kind = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? '';
    const begin = match.index;
    let end = begin + match[0].length;
    if (kind === 'block') end = endOfBlock(sql, end);
    if (kind === 'dollar') end = endOfBody(sql, end, match[0]);
    position = end;
    yield { kind: kind === 'dollar' ? 'body' : kind, text: sql.slice(begin, end), begin };
  }
}

/** Block comments nest in PostgreSQL. */
function endOfBlock(sql: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 1;
  while (depth > 0) {
    const mark = marks.exec(sql);
    if (mark === null) return sql.length;
    depth += mark[0] === '/*' ? 1 : -1;
  }
  return marks.lastIndex;
}

function endOfBody(sql: string, from: number, quote: string): number {
  const close = sql.indexOf(quote, from);
  return close === -1 ? sql.length : close + quote.length;
}

function refuseParameters(body: string): void {
  const quote = body.slice(0, body.indexOf('$', 1) + 1);
  const inner = body.slice(quote.length, body.length - quote.length);
  for (const token of tokensOf(inner)) {
    if (token.kind === 'body') refuseParameters(token.text);
    if (token.kind !== 'parameter') continue;
    throw new DataApiError(
      'ValidationException',
      `The dollar-quoted body contains ${token.text}, which RDS Data API would take for a parameter and rewrite.`,
    );
  }
}
