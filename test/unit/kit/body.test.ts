/** What a body must be to be read: one media type, one encoding, JSON that means the same to every reader. */
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../../functions/_kit/endpoint.ts';
import { Problem } from '../../../functions/_kit/problem.ts';
import { LOG_SINK } from '../../../shared/log.ts';
import { findDuplicateKey } from '../../../shared/text/duplicate-key.ts';
import { serveDoors } from '../../support/doors.ts';

const common = { auth: 'public', maxBody: 1024 * 1024, summary: 'Test', status: 200, errors: [], uses: {} } as const;
const seen = z.object({ body: z.unknown() });
const write = endpoint({
  ...common,
  method: 'POST',
  path: '/write',
  body: z.strictObject({ text: z.string().optional(), extra: z.record(z.string(), z.json()).optional() }),
  response: seen,
})(async ({ body }) => ({ body }));
const small = endpoint({ ...common, method: 'PUT', path: '/small', body: z.json(), maxBody: 100, response: seen })(
  async ({ body }) => ({ body }),
);
const read = endpoint({ ...common, method: 'GET', path: '/read', response: seen })(async ({ body }) => ({ body }));
const remove = endpoint({ ...common, method: 'DELETE', path: '/remove', status: 204 })(async () => ({}));

let served: Awaited<ReturnType<typeof serveDoors>>;
beforeAll(async () => {
  Reflect.set(globalThis, LOG_SINK, () => {});
  served = await serveDoors({ write, small, read, remove });
});
afterAll(() => served.close());

interface Sent {
  readonly body?: string | Buffer | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly method?: string;
  readonly path?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

function send({ body, headers = JSON_TYPE, method = 'POST', path = '/write' }: Sent) {
  return new Promise<{ status: number; body: unknown; code: string | null; pointers: string[] }>((resolve, reject) => {
    // For GET and DELETE Node would announce no body, and send it all the same.
    const length =
      headers['transfer-encoding'] === undefined ? { 'content-length': Buffer.byteLength(body ?? '') } : {};
    const call = request(
      served.origin + path,
      { method, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const isProblem = response.headers['content-type'] === 'application/problem+json';
          const problem = isProblem ? Problem.strict().parse(JSON.parse(text)) : null;
          resolve({
            status: response.statusCode ?? 0,
            body: problem === null && text !== '' ? JSON.parse(text) : null,
            code: problem?.code ?? null,
            pointers: (problem?.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`),
          });
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

describe('the media type', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset="UTF-8"',
    'application/json; charset=utf8; profile=x',
  ])('%s is read', async (type) => {
    expect(await send({ body: '{"text":"é"}', headers: { 'content-type': type } })).toMatchObject({
      status: 200,
      body: { body: { text: 'é' } },
    });
  });

  test.each([
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/problem+json',
    'application/merge-patch+json',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=latin1',
    'application/json, application/json',
    'application/jsonx',
    '*/*',
    ';',
  ])('%s is not', async (type) => {
    expect(await send({ body: '{}', headers: { 'content-type': type } })).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
  });

  test('nor is a body without one; no body needs none', async () => {
    expect(await send({ body: '{}', headers: {} })).toMatchObject({ status: 415 });
    expect(await send({ headers: {} })).toMatchObject({ status: 200, body: { body: {} } });
    expect(await send({})).toMatchObject({ status: 200, body: { body: {} } });
  });

  test('a compressed body is not unpacked', async () => {
    for (const coding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, identity', 'x']) {
      const headers = { ...JSON_TYPE, 'content-encoding': coding };
      expect([coding, await send({ body: gzipSync('{}'), headers })]).toMatchObject([coding, { status: 415 }]);
    }
    expect(await send({ body: '{}', headers: { ...JSON_TYPE, 'content-encoding': 'identity' } })).toMatchObject({
      status: 200,
    });
  });
});

describe('JSON', () => {
  test.each([
    ['a byte order mark', '\ufeff{}'],
    ['white space alone', ' \n'],
    ['a comment', '{}//'],
    ['a comma too many', '{"text":"x",}'],
    ['single quotes', "{'text':'x'}"],
    ['NaN', '{"extra":{"n":NaN}}'],
    ['a bare word', 'undefined'],
    ['two values', '{}{}'],
    ['a control character', '{"text":"a\nb"}'],
    ['a number with a leading zero', '{"extra":{"n":01}}'],
    ['what is cut off', '{"text":"x'],
  ])('with %s is malformed', async (_, body) => {
    expect(await send({ body })).toMatchObject({ status: 400, code: 'malformed_json', pointers: [] });
  });

  test.each([
    ['{"text":"a","text":"b"}', '/body'],
    ['{"text":"a","text":"a"}', '/body/text'],
    ['{"text":"a","\\u0074ext":"b"}', '/body/text'],
    ['{"extra":{"a":[1,{"b/c~":1,"x":"\\\\","b/c~":2}]}}', '/body/extra/a/1/b~1c~0'],
    ['{"extra":{"a":{"k":1},"b":{"k":1},"a":0}}', '/body/extra/a'],
    ['{"__proto__":1,"__proto__":2}', '/body/__proto__'],
    ['{"extra":{"":1,"":2}}', '/body/extra/'],
  ])('%s names what is there twice', async (body, pointer) => {
    const answer = await send({ body });
    expect(answer).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(answer.pointers[0]).toMatch(new RegExp(`^${pointer}`));
    expect(answer.pointers[0]).toMatch(/ duplicate_key$/);
  });

  test('equal names in different objects, and quotes, brackets and commas in texts are none of that', async () => {
    const extra = { a: { a: [{ a: 1 }, { a: 1 }] }, b: '{"a":1,"a":2}', c: '\\"', d: '[,]{,}', e: ['"a"', '"a"'] };
    expect(await send({ body: JSON.stringify({ text: 'a","text":"b', extra }) })).toMatchObject({ status: 200 });
  });

  test('bytes that are no UTF-8 are not guessed at, and U+FFFD itself is a letter like any other', async () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc0, 0xaf], [0xe9]]) {
      const body = Buffer.concat([Buffer.from('{"text":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect([bytes, await send({ body })]).toMatchObject([bytes, { status: 400, code: 'malformed_json' }]);
    }
    expect(await send({ body: '{"text":"\ufffd"}' })).toMatchObject({
      status: 200,
      body: { body: { text: '\ufffd' } },
    });
    for (const coding of ['utf16le', 'latin1'] as const)
      expect((await send({ body: Buffer.from('{"text":"é"}', coding) })).status).toBe(400);
  });

  test.each(['1e999', '-1e999', '9007199254740993', '-9007199254740992', '1e300', '123456789012345678901234567890'])(
    'the number %s, of which another would be kept, is named',
    async (number) => {
      expect(await send({ body: `{"extra":{"a":[0,${number}]}}` })).toMatchObject({
        status: 422,
        pointers: ['/body/extra/a/1 number_out_of_range'],
      });
    },
  );

  test.each(['9007199254740991', '-9007199254740991', '0.1', '1e-300', '-0', '1e3'])(
    'the number %s is kept',
    async (number) => {
      const answer = await send({ body: `{"extra":{"a":${number}}}` });
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([
        200,
        JSON.stringify({ body: { extra: { a: JSON.parse(number) } } }),
      ]);
    },
  );

  test('a prototype cannot be slipped in', async () => {
    const answer = await send({
      body: '{"extra":{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}}',
    });
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(JSON.stringify(answer.body)).not.toContain('"admin":true},"__proto__"');
    expect((await send({ body: '{"__proto__":{"text":"x"}}' })).pointers).toEqual(['/body/__proto__ unknown_field']);
  });

  test('thousands of wrong fields and endless names make no endless answer', async () => {
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`field${index}`, 1])));
    expect((await send({ body: many })).pointers).toHaveLength(100);
    const name = 'x'.repeat(900_000);
    for (const body of [
      `{"${name}":1}`,
      `{"${name}":1,"${name}":2}`.slice(0, 1_000_000),
      `{"extra":{"${name}":1e999}}`,
    ]) {
      const answer = await send({ body });
      expect(answer.status).toBeLessThan(500);
      expect(answer.pointers.join('').length).toBeLessThan(3_000);
    }
  });
});

describe('a size', () => {
  test('that the door declares is the most it takes', async () => {
    const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    expect((await send({ method: 'PUT', path: '/small', body: text(100) })).status).toBe(200);
    expect(await send({ method: 'PUT', path: '/small', body: text(101) })).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect((await send({ method: 'PUT', path: '/small', body: JSON.stringify('é'.repeat(50)) })).status).toBe(413);
  });

  test('in chunks is a size as well', async () => {
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    expect((await send({ method: 'PUT', path: '/small', body: `"${'x'.repeat(200)}"`, headers })).status).toBe(413);
    expect((await send({ body: '{"text":"x"}', headers })).status).toBe(200);
    expect((await send({ body: '{"text":"x"}', headers: { ...JSON_TYPE, expect: '100-continue' } })).status).toBe(200);
  });
});

describe('where there is nothing to send', () => {
  test('what comes with a GET is not looked at; a DELETE with fields is a mistake of its sender', async () => {
    for (const body of ['{"a":1}', 'no json'])
      expect(await send({ method: 'GET', path: '/read', body })).toMatchObject({ status: 200 });
    expect(await send({ method: 'DELETE', path: '/remove' })).toMatchObject({ status: 204 });
    expect(await send({ method: 'DELETE', path: '/remove', body: '{}' })).toMatchObject({ status: 204 });
    expect(await send({ method: 'DELETE', path: '/remove', body: '{"a":1}' })).toMatchObject({
      status: 422,
      pointers: ['/body/a unknown_field'],
    });
  });
});

describe('the look for a name that is there twice', () => {
  test('finds one in every text where a slow reader finds one, and none where it finds none', () => {
    let state = 7;
    const next = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const names = ['a', 'b', '"', '\\', '\\"', '}', ',', 'é', '__proto__', '', '[', 'a'];
    const write = (depth: number, path: string, twice: string[]): string => {
      const kind = depth > 4 ? 2 : next(4);
      if (kind === 0) {
        const seenNames = new Set<string>();
        const members = Array.from({ length: next(4) }, () => {
          const name = names[next(names.length)] ?? '';
          if (seenNames.has(name)) twice.push(path);
          seenNames.add(name);
          const quoted =
            next(3) === 0
              ? `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
              : JSON.stringify(name);
          return `${quoted}:${' '.repeat(next(2))}${write(depth + 1, `${path}/${name}`, twice)}`;
        });
        return `{${members.join(',')}}`;
      }
      if (kind === 1) return `[${Array.from({ length: next(4) }, () => write(depth + 1, path, twice)).join(' , ')}]`;
      return next(2) === 0 ? JSON.stringify(names[next(names.length)]) : String(next(100));
    };
    let found = 0;
    for (let round = 0; round < 5_000; round += 1) {
      const twice: string[] = [];
      const text = write(0, '', twice);
      JSON.parse(text);
      expect([text, findDuplicateKey(text) !== null]).toEqual([text, twice.length > 0]);
      found += twice.length > 0 ? 1 : 0;
    }
    expect(found).toBeGreaterThan(250);
  });

  test('takes no longer than reading, and no stack, for a mebibyte of anything', () => {
    const mebibytes = {
      records: JSON.stringify(
        Array.from({ length: 9_000 }, (_, id) => ({ id, text: 'hello "world" \\ é'.repeat(3), tags: ['a', id] })),
      ),
      names: JSON.stringify(Object.fromEntries(Array.from({ length: 95_000 }, (_, index) => [`k${index}`, 1]))),
      escapes: JSON.stringify('\\'.repeat(500_000)),
      quotes: JSON.stringify('"'.repeat(500_000)),
      brackets: '['.repeat(500_000) + ']'.repeat(500_000),
    };
    for (const [name, text] of Object.entries(mebibytes)) {
      const began = performance.now();
      expect(findDuplicateKey(text)).toBeNull();
      expect([name, performance.now() - began < 500]).toEqual([name, true]);
    }
  });
});
