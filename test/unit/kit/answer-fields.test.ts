import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { answerFields } from '../../../functions/_kit/answer-fields.ts';
import { endpoint } from '../../../functions/_kit/endpoint.ts';
import { cors } from '../../../infra/cors.ts';
import { listDoors } from '../../../infra/doors.ts';
import { openApi } from '../../../infra/tools/openapi/document.ts';
import { LOG_SINK } from '../../../shared/log.ts';
import { serveDoors } from '../../support/doors.ts';

const thing = z.object({ thing: z.object({ name: z.string() }).optional() });
const make = endpoint({
  method: 'POST',
  path: '/rooms/{room}/things',
  auth: 'public',
  summary: 'Make',
  params: z.strictObject({ room: z.string() }),
  body: z.strictObject({ name: z.string().optional() }),
  status: 201,
  location: '/rooms/{room}/things/{thing.name}',
  response: thing,
  errors: [],
  uses: {},
})(async ({ body: { name } }) => (name === undefined ? {} : { thing: { name } }));

const strange: Record<string, string> = { 'x-forgotten': '1', link: '</next>; rel="next"' };
const tell = endpoint({
  method: 'GET',
  path: '/tell',
  auth: 'public',
  summary: 'Tell',
  status: 200,
  content: 'text/plain',
  errors: [],
  uses: {},
})(async () => ({ body: 'x', headers: strange }));

let served: Awaited<ReturnType<typeof serveDoors>>;
beforeAll(async () => {
  Reflect.set(globalThis, LOG_SINK, () => {});
  served = await serveDoors({ make, tell });
});
afterAll(() => served.close());

const post = (json: object, room: string) =>
  fetch(`${served.origin}/rooms/${room}/things`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });

test('Location is a path, percent-encoded, of fields of the answer and parameters of the path', async () => {
  const made = await post({ name: 'a/b ü?#' }, 'r%201');
  expect([made.status, made.headers.get('location')]).toEqual([201, '/rooms/r%201/things/a%2Fb%20%C3%BC%3F%23']);
});

test('there is no Location where nothing was made that has one', async () => {
  const made = await post({}, '1');
  expect([made.status, made.headers.get('location')]).toEqual([201, null]);
});

test('a field that nobody wrote down as one does not leave the house', async () => {
  const { headers } = await fetch(`${served.origin}/tell`);
  expect([headers.get('x-forgotten'), headers.get('link')]).toEqual([null, '</next>; rel="next"']);
});

test('pages of other origins read every field that the document names for them, and send every field that it takes', async () => {
  const document = JSON.stringify(openApi(await listDoors(), '0'));
  const { components } = z
    .object({
      components: z.object({
        responses: z.record(z.string(), z.object({ headers: z.record(z.string(), z.unknown()) })),
        parameters: z.record(z.string(), z.object({ name: z.string(), in: z.string() })),
      }),
    })
    .parse(JSON.parse(document));
  const named = Object.values(components.responses).flatMap(({ headers }) => Object.keys(headers));
  const successes = [...document.matchAll(/"([A-Za-z-]+)":\{"\$ref":"#\/components\/headers\//g)].map(
    ([, name]) => name ?? '',
  );
  const given = [...new Set([...named, ...successes].map((name) => name.toLowerCase()))];
  expect(given).toEqual(expect.arrayContaining(['etag', 'location', 'retry-after', 'x-request-id']));
  const who = new Map<string, string>(Object.entries(answerFields));
  // The rest are the browser's, or read without being exposed.
  const theirs = given.filter((name) => !['browser', 'plain'].includes(who.get(name) ?? ''));
  expect(theirs.filter((name) => !cors.exposeHeaders.includes(name))).toEqual([]);
  const taken = Object.values(components.parameters).filter((parameter) => parameter.in === 'header');
  const allowed: readonly string[] = cors.allowHeaders;
  expect(taken.filter(({ name }) => !allowed.includes(name.toLowerCase()))).toEqual([]);
  // What is said to be exposed is said by the gateway, and nothing else but the gateway's own name of the request.
  const exposed = Object.entries(answerFields).flatMap(([name, who]) => (who === 'exposed' ? [name] : []));
  expect(cors.exposeHeaders).toEqual([...exposed, 'apigw-requestid']);
});
