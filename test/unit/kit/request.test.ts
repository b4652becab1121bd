import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../../functions/_kit/endpoint.ts';
import type { Problem } from '../../../functions/_kit/problem.ts';
import { LOG_SINK } from '../../../shared/log.ts';
import { pageQuery } from '../../../shared/paging/rules.ts';
import { serveDoors } from '../../support/doors.ts';

const body = z.strictObject({
  title: z.string().min(1),
  count: z.int().optional(),
  authors: z.array(z.strictObject({ name: z.string() })).optional(),
  extra: z.record(z.string(), z.json()).optional(),
});

const write = endpoint({
  method: 'POST',
  path: '/things/{thingId}',
  auth: 'public',
  summary: 'Write',
  maxBody: 1024 * 1024,
  params: z.strictObject({ thingId: z.string().max(20) }),
  query: z.strictObject({ ...pageQuery, kind: z.enum(['a', 'b']).optional() }),
  body,
  status: 200,
  response: z.object({ seen: z.unknown() }),
  errors: [],
  uses: {},
})(async (call) => ({ seen: { params: call.params, query: call.query, body: call.body } }));

const plain = endpoint({
  method: 'GET',
  path: '/plain',
  auth: 'public',
  summary: 'Plain',
  status: 204,
  errors: [],
  uses: {},
})(async () => ({}));

const act = endpoint({
  method: 'POST',
  path: '/act',
  auth: 'public',
  summary: 'Act',
  status: 204,
  errors: [],
  uses: {},
})(async () => ({}));

let served: Awaited<ReturnType<typeof serveDoors>>;
beforeAll(async () => {
  Reflect.set(globalThis, LOG_SINK, () => {});
  served = await serveDoors({ write, plain, act });
});
afterAll(() => served.close());

async function send(text: string | Buffer, path = '/things/1', type: string | null = 'application/json') {
  const response = await fetch(served.origin + path, {
    method: 'POST',
    body: typeof text === 'string' ? Buffer.from(text) : text,
    headers: type === null ? {} : { 'content-type': type },
  });
  const json: unknown = JSON.parse(await response.text());
  return { status: response.status, json, problem: json as z.output<typeof Problem> };
}
async function wrong(text: string, path?: string) {
  const { status, problem } = await send(text, path);
  expect([status, problem.code]).toEqual([422, 'invalid_request']);
  return (problem.errors ?? []).map(({ pointer, code }) => (code === undefined ? pointer : `${pointer} ${code}`));
}

test('what is right arrives as it was meant', async () => {
  const { status, json } = await send(
    '{"title":"Grüße 🥨"}',
    '/things/a%20b?limit=5',
    'Application/JSON; charset=utf-8',
  );
  expect(status).toBe(200);
  expect(json).toEqual({ seen: { params: { thingId: 'a b' }, query: { limit: 5 }, body: { title: 'Grüße 🥨' } } });
});

describe('a body', () => {
  test('that is missing names the fields that are missing', async () => {
    const { status, problem } = await send('');
    expect([status, problem.code]).toEqual([422, 'invalid_request']);
    expect(problem.errors?.map(({ pointer }) => pointer)).toContain('/body/title');
  });

  test('that is not JSON is 400', async () => {
    for (const text of ['{', '{"title":"x",}', 'title=x', "{'title':1}", '\u{feff}x']) {
      const { status, problem } = await send(text);
      expect([text, status, problem.code]).toEqual([text, 400, 'malformed_json']);
    }
  });

  test('of another type is 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', null]) {
      const { status, problem } = await send('{"title":"x"}', '/things/1', type);
      expect([type, status, problem.code]).toEqual([type, 415, 'unsupported_media_type']);
    }
  });

  test('of the wrong types names each field by JSON pointer', async () => {
    expect(await wrong('{"title":1,"count":"2","authors":[{"name":"a"},{"name":null}]}')).toEqual([
      '/body/title invalid_type',
      '/body/count invalid_type',
      '/body/authors/1/name invalid_type',
    ]);
    for (const text of ['null', '[]', '"x"', '7', 'true']) expect(await wrong(text)).toEqual(['/body invalid_type']);
  });

  test('with unknown fields names each, also inside', async () => {
    expect(await wrong('{"title":"x","a/b":1,"c~d":2,"authors":[{"name":"a","admin":true}]}')).toEqual([
      '/body/authors/0/admin unknown_field',
      '/body/a~1b unknown_field',
      '/body/c~0d unknown_field',
    ]);
    expect(await wrong('{"title":"x","__proto__":{"a":1},"constructor":2}')).toEqual([
      '/body/__proto__ unknown_field',
      '/body/constructor unknown_field',
    ]);
  });

  test('with NUL or half a surrogate pair is refused, in values and in names', async () => {
    expect(await wrong(String.raw`{"title":"a\u0000b"}`)).toEqual(['/body/title bad_text']);
    expect(await wrong(String.raw`{"title":"\ud83d"}`)).toEqual(['/body/title bad_text']);
    expect(await wrong(String.raw`{"title":"\udc00\ud83d"}`)).toEqual(['/body/title bad_text']);
    expect(await wrong(String.raw`{"title":"x","extra":{"a":["ok","\u0000"]}}`)).toEqual(['/body/extra/a/1 bad_text']);
    expect(await wrong(String.raw`{"title":"x","extra":{"\ud800":1}}`)).toEqual(['/body/extra/\ufffd bad_text']);
    expect((await send(String.raw`{"title":"\ud83e\udd68"}`)).status).toBe(200);
  });

  test('that nests without end is refused, not fallen over', async () => {
    const nested = (levels: number) => `{"title":"x","extra":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    expect(await wrong(nested(63))).toEqual(['/body too_deep']);
    expect(await wrong(nested(9_000))).toEqual(['/body too_deep']);
    expect(await wrong(nested(400_000))).toEqual(['/body too_many_values']);
  });

  test('is refused quickly, however much is wrong with it', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join();
    expect(await wrong(`{"title":"x",${names(90_000)}}`)).toEqual(['/body too_many_values']);
    expect(await wrong(`{"title":"x","extra":[${'0,'.repeat(400_000)}0]}`)).toEqual(['/body too_many_values']);
    expect(await wrong(`{"title":"x","extra":[${'[],'.repeat(20_000)}[]]}`)).toEqual(['/body too_many_values']);
    const began = performance.now();
    expect(await wrong(`{"title":"x",${names(9_000)}}`)).toHaveLength(100);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('over a mebibyte is 413, and over the gateway’s own limit too', async () => {
    const ofBytes = (size: number) => send(`{"title":"${'x'.repeat(size - 12)}"}`);
    expect((await ofBytes(1024 * 1024)).status).toBe(200);
    const large = await ofBytes(1024 * 1024 + 1);
    expect([large.status, large.problem.code]).toEqual([413, 'body_too_large']);
    const huge = await ofBytes(7 * 1024 * 1024);
    expect([huge.status, huge.json]).toEqual([413, { message: 'Request Entity Too Large' }]);
  });
});

describe('a query', () => {
  const good = '{"title":"x"}';
  test('with a field twice, unknown or out of range names it', async () => {
    expect(await wrong(good, '/things/1?limit=1&limit=2')).toEqual(['/query/limit duplicate_key']);
    expect(await wrong(good, '/things/1?limit=%ff&kind=%zz')).toEqual([
      '/query/limit bad_encoding',
      '/query/kind bad_encoding',
    ]);
    expect(await wrong(good, '/things/1?limt=1&__proto__=2')).toEqual([
      '/query/limt unknown_field',
      '/query/__proto__ unknown_field',
    ]);
    expect(await wrong(good, '/things/1?limit=0&kind=c')).toEqual([
      '/query/limit too_small',
      '/query/kind invalid_value',
    ]);
    expect(await wrong(good, '/things/1?limit=ten')).toEqual(['/query/limit invalid_type']);
    expect(await wrong(good, '/things/1?cursor=%00')).toEqual(['/query/cursor bad_text']);
  });

  test('is told together with what is wrong in the body', async () => {
    expect(await wrong('{}', '/things/1?limit=101')).toEqual(['/query/limit too_big', '/body/title invalid_type']);
  });

  test('of a door that takes none is refused', async () => {
    expect((await fetch(`${served.origin}/plain`)).status).toBe(204);
    const response = await fetch(`${served.origin}/plain?x=1`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: '/query/x', code: 'unknown_field' }] });
  });
});

describe('a door that declares no body', () => {
  const post = (body: string, type = 'application/json') =>
    fetch(`${served.origin}/act`, { method: 'POST', body, headers: { 'content-type': type } });

  test('takes none, or an empty object', async () => {
    for (const body of ['', '{}']) expect((await post(body)).status).toBe(204);
    expect((await post('', 'text/plain')).status).toBe(204);
  });

  test('refuses what would do nothing', async () => {
    const response = await post('{"publicationIds":[]}');
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errors: [{ pointer: '/body/publicationIds', code: 'unknown_field' }],
    });
    for (const body of ['[]', '"all"', 'null']) expect([body, (await post(body)).status]).toEqual([body, 422]);
    expect((await post('{')).status).toBe(400);
    expect((await post('{}', 'text/plain')).status).toBe(415);
    expect((await post(' '.repeat(16 * 1024 + 1))).status).toBe(413);
  });
});

test('what is wrong is said in plain words, at its field', async () => {
  const said = async (text: string, query = '') => {
    const { problem } = await send(text, `/things/1${query}`);
    return Object.fromEntries((problem.errors ?? []).map(({ pointer, message }) => [pointer, message]));
  };
  expect(await said('{}', '?limit=0&kind=c')).toEqual({
    '/query/limit': 'must be at least 1',
    '/query/kind': 'must be one of a, b',
    '/body/title': 'is required',
  });
  expect(await said('{"title":"","count":1.5,"authors":{}}', '?limit=101')).toEqual({
    '/query/limit': 'must be at most 100',
    '/body/title': 'must have at least 1 character',
    '/body/count': 'must be a whole number',
    '/body/authors': 'must be a list',
  });
  expect(await said('{"title":7,"count":"x","extra":[]}', '?limit=ten')).toEqual({
    '/query/limit': 'must be a whole number in plain digits',
    '/body/title': 'must be a string',
    '/body/count': 'must be a number',
    '/body/extra': 'must be an object',
  });
});

test('an id that cannot exist is answered like one that does not', async () => {
  for (const path of [`/things/${'x'.repeat(21)}`, '/things/%00']) {
    const { status, problem } = await send('{"title":"x"}', path);
    expect([path, status, problem.code]).toEqual([path, 404, 'not_found']);
    expect(problem.errors).toBe(undefined);
  }
});
