/** Requests as nobody should send them, made of requests that somebody would. The same seed makes the same ones. */

export interface Plain {
  readonly method: string;
  readonly target: string;
  readonly body: unknown;
  readonly token: string;
}

export type Random = (below: number) => number;

/** xorshift32: small, and good enough to choose by. */
export function randomOf(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'G T',
  '',
  'BREW',
  'M'.repeat(300),
  '\u0000',
  'PRI',
];
const WORDS = [
  '',
  ' ',
  '\u0000',
  '%00',
  '%',
  '%zz',
  '%ff',
  '%2e%2e',
  '../..',
  '..%2f',
  '%2F',
  '//',
  '\\',
  ';a=b',
  '?',
  '#',
  '&&',
  '=',
  '+',
  '*',
  '{',
  '}',
  '\u00e9',
  '\ud83e',
  '\uffff',
  '%ED%A0%80',
  '%EF%BF%BF',
  'ﷺ'.repeat(40),
  '🥨',
  '\u202e',
  "' or 1=1 --",
  '"',
  '<script>',
  '#{7*7}',
  '__proto__',
  'constructor',
  'x'.repeat(3_000),
  '-1',
  '1e999',
  'NaN',
  'null',
  '00000000-0000-0000-0000-000000000000',
  '%F0%9F%A5%A8',
  `.${'%C3%A9'.repeat(22)}`,
  '\r\nx-injected: 1',
  '%0d%0aset-cookie:a=b',
];
const JSON_PARTS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  'null',
  'true',
  '-',
  '1e999',
  '9007199254740993',
  '0x1',
  '{"a":1,"a":2}',
  '"__proto__":{}',
  '[[[[[[[[',
  '\ufeff',
  '\u2028',
  '//',
  'NaN',
  '"": ',
  ' '.repeat(500),
];

const pick = <T>(random: Random, from: readonly T[]): T | undefined => from[random(from.length)];

function spoil(random: Random, text: string, parts: readonly string[], times: number): string {
  let spoilt = text;
  for (let left = times; left > 0; left -= 1) {
    const at = random(spoilt.length + 1);
    const gone = random(3) === 0 ? random(8) : 0;
    spoilt = spoilt.slice(0, at) + (pick(random, parts) ?? '') + spoilt.slice(at + gone);
  }
  return spoilt;
}

function targetOf(random: Random, { target }: Plain): string {
  switch (random(8)) {
    case 0:
      return spoil(random, target, WORDS, 1 + random(3));
    case 1:
      return `${target}${target.includes('?') ? '&' : '?'}${spoil(random, 'limit=1&cursor=x', WORDS, 1 + random(4))}`;
    case 2:
      return (
        pick(random, [
          '*',
          '',
          '/',
          'http://evil.example/v1/me',
          '//evil.example/v1/me',
          'evil.example:443',
          `/${'a/'.repeat(2_000)}`,
          '/../../etc/passwd',
          `/v1/posts?${'a=b&'.repeat(2_000)}`,
        ]) ?? '/'
      );
    default:
      return target;
  }
}

function fieldValue(random: Random, name: string, { token }: Plain): string {
  const own: Readonly<Record<string, readonly string[]>> = {
    authorization: [
      `Bearer ${token}`,
      `bearer  ${token}`,
      `Bearer ${token.slice(0, -3)}`,
      'Bearer',
      'Bearer .',
      'Bearer a.b.c',
      'Bearer e30.e30.e30',
      'Basic eDp5',
      `Bearer phk_live_${'a'.repeat(38)}`,
      `Bearer phk_${'x'.repeat(4_000)}`,
      'Bearer eyJhbGciOiJub25lIn0.e30.',
      `${token}, ${token}`,
    ],
    'content-type': [
      'application/json',
      'text/plain',
      'application/json; charset=utf-16',
      'multipart/form-data',
      ';;;',
      '\u00ff',
      'application/json'.repeat(50),
    ],
    'content-encoding': ['gzip', 'identity', 'br, gzip', ''],
    'content-length': ['0', '-1', '5, 5', '99999999999999999999', '1e3', ' 7', '0x10'],
    'transfer-encoding': ['chunked', 'gzip', 'chunked, identity', 'Chunked', '\u000bchunked', 'identity'],
    'idempotency-key': ['a', '', 'x'.repeat(256), 'a b', '\u00e9', '"quoted"', "' or 1=1"],
    'if-match': ['*', '"1"', 'W/"1"', '"', '"1", "2"', '"999999999999999999999"', '"-1"', '"\u00ff"'],
    'if-none-match': ['*', '"x"', 'W/"', ','.repeat(500)],
    origin: ['null', 'https://evil.example', 'https://app.example', '\u00ff', 'x'.repeat(500)],
    expect: ['100-continue', 'x', '200-ok'],
    range: ['bytes=0-0', 'bytes=-1', 'bytes=0-,0-,0-'],
    cookie: ['a=b; ;;=', '=', 'x'.repeat(2_000)],
    'x-forwarded-for': ['127.0.0.1', '::1', "' or 1=1", 'x'.repeat(1_000)],
    'x-forwarded-proto': ['https', 'x'],
    'user-agent': ['', '\u00ff\u00fe', '\u202e', 'x'.repeat(3_000)],
    host: ['', 'evil.example', 'a b', '127.0.0.1:99999', '[::1'],
    connection: ['upgrade', 'close, x', 'keep-alive'],
    upgrade: ['websocket', 'h2c'],
    accept: ['text/html', '*/*;q=x', ''],
  };
  return pick(random, own[name] ?? WORDS) ?? '';
}

const FIELDS = [
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'origin',
  'expect',
  'range',
  'cookie',
  'x-forwarded-for',
  'x-forwarded-proto',
  'user-agent',
  'host',
  'connection',
  'upgrade',
  'accept',
  'x-random',
  'access-control-request-method',
  'x-http-method-override',
];
const BROKEN_LINES = [
  'no colon',
  ' folded: line',
  'space : x',
  ': no name',
  'x-nul: a\u0000b',
  'x-cr: a\rb',
  `${'n'.repeat(2_000)}: x`,
  'é: x',
];

function bodyOf(random: Random, { body }: Plain): Buffer {
  const text = JSON.stringify(body ?? {});
  switch (random(7)) {
    case 0:
      return Buffer.from(spoil(random, text, JSON_PARTS, 1 + random(6)));
    case 1:
      return Buffer.from(Array.from({ length: random(400) }, () => random(256)));
    case 2:
      return Buffer.concat([Buffer.from(text.slice(0, random(text.length))), Buffer.from([random(256), random(256)])]);
    case 3: {
      const depth = random(3) === 0 ? 50_000 : random(200);
      return Buffer.from(`{"text":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    }
    case 4:
      return Buffer.from(
        text.replace(/:\s*("[^"]*"|\d+|true|false|null)/, () => `:${JSON.stringify(pick(random, WORDS))}`),
      );
    default:
      return Buffer.from(text);
  }
}

/** The bytes of one request, for a socket. */
export function hostileRequest(random: Random, plain: Plain): Buffer {
  const method = random(5) === 0 ? (pick(random, METHODS) ?? '') : plain.method;
  const line = `${method} ${targetOf(random, plain)} ${random(20) === 0 ? pick(random, ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', '', 'HTTQ/1.1']) : 'HTTP/1.1'}`;
  const body = plain.body === undefined && random(3) > 0 ? Buffer.alloc(0) : bodyOf(random, plain);
  const fields = [`host: 127.0.0.1`, `authorization: Bearer ${plain.token}`, 'connection: close'];
  if (body.length > 0) fields.push('content-type: application/json');
  const isChunked = body.length > 0 && random(6) === 0;
  if (isChunked) fields.push('transfer-encoding: chunked');
  else fields.push(`content-length: ${random(12) === 0 ? body.length + random(9) - 4 : body.length}`);
  for (let left = Math.max(0, random(6) - 3); left > 0; left -= 1) {
    const name = pick(random, FIELDS) ?? 'x';
    fields.splice(random(fields.length), random(3) === 0 ? 1 : 0, `${name}: ${fieldValue(random, name, plain)}`);
  }
  if (random(12) === 0) fields.push(pick(random, BROKEN_LINES) ?? '');
  if (random(60) === 0) fields.push(...Array.from({ length: 3_000 }, (_, index) => `x-${index}: y`));
  const head = Buffer.from(`${line}\r\n${fields.join('\r\n')}\r\n\r\n`, random(4) === 0 ? 'utf8' : 'latin1');
  return Buffer.concat([head, isChunked ? chunksOf(random, body) : body]);
}

function chunksOf(random: Random, body: Buffer): Buffer {
  const size =
    random(8) === 0 ? (pick(random, ['-1', 'g', 'ffffffffffffffffff', '', '0']) ?? '') : body.length.toString(16);
  return Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from(random(8) === 0 ? '0\r\n' : '\r\n0\r\n\r\n')]);
}
