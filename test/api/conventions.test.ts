/** What every door has in common: header fields, how a body is read, CORS, and one line in the log. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { answerFields } from '../../functions/_kit/answer-fields.ts';
import { Problem } from '../../functions/_kit/problem.ts';
import { cors } from '../../infra/cors.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { pathOf, type Sample, type Seed, sampleOf, samplesOf, seedOwner } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const app = 'https://app.example';
const OF_THE_GATEWAY =
  /^(access-control-.*|apigw-requestid|connection|content-length|date|keep-alive|transfer-encoding)$/;
const endpoints = endpointsOf(await listDoors());
const routes = endpoints.filter(({ contract }) => contract.method !== '$default');
const withBody = routes.filter(({ contract }) => contract.body !== undefined);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true, webOrigins: [app] });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
});
afterAll(() => world.close());

function targetOf({ operation, contract }: (typeof routes)[number]): string {
  const sample = sampleOf(samples, operation);
  return world.origin + pathOf(contract, sample);
}
const bodyOf = (operation: string) => JSON.stringify(samples[operation]?.bodies?.[0] ?? {});
const bearer = () => ({ authorization: `Bearer ${seed.owner.token}` });

function expectSafe(response: Response): void {
  const field = (name: string) => response.headers.get(name);
  const isPage = field('content-type')?.startsWith('text/html') === true;
  expect(field('x-content-type-options')).toBe('nosniff');
  expect(field('referrer-policy')).toBe('no-referrer');
  expect(field('cross-origin-resource-policy')).toBe('same-origin');
  expect(field('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
  if (!isPage) expect(field('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(field('permissions-policy') !== null).toBe(isPage);
  expect(field('cache-control')).not.toBeNull();
  expect(field('vary')?.split(', ')).toContain('origin');
  expect(field('x-request-id')).toMatch(/^\S{10,}$/);
  // Over plain HTTP a browser must not be told.
  expect(field('strict-transport-security')).toBeNull();
  for (const name of ['server', 'x-powered-by', 'access-control-allow-credentials']) expect(field(name)).toBeNull();
  // A field that is new has to be written down, and with it whether a page of another origin reads it.
  const unknown = [...response.headers.keys()].filter((name) => !OF_THE_GATEWAY.test(name));
  expect(unknown.filter((name) => !Object.hasOwn(answerFields, name))).toEqual([]);
  if (field('access-control-allow-origin') !== null)
    expect(field('access-control-expose-headers')?.split(',')).toEqual([...cors.exposeHeaders]);
}

describe('header fields that keep a browser from making more of an answer than it is', () => {
  test.each(routes.filter(({ contract }) => contract.method === 'GET'))('$operation', async (route) => {
    const headers = { ...bearer(), origin: app };
    const good = await fetch(targetOf(route), { headers, redirect: 'manual' });
    expectSafe(good);
    expect(good.headers.get('access-control-allow-origin')).toBe(app);
    const wrong = await fetch(`${targetOf(route)}${targetOf(route).includes('?') ? '&' : '?'}__proto__=%ff`, {
      headers,
      redirect: 'manual',
    });
    expectSafe(wrong);
    expect(wrong.headers.get('access-control-allow-origin')).toBe(app);
    const stranger = await fetch(targetOf(route), { headers: { origin: 'https://evil.example' }, redirect: 'manual' });
    expectSafe(stranger);
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('where nothing is, where a method is not taken, and where a body cannot be read', async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
    expectSafe(await fetch(`${world.origin}/nowhere`));
    expectSafe(await fetch(`${world.origin}/docs`, post));
    expectSafe(await fetch(`${world.origin}/v1/auth/login`, { ...post, body: '{' }));
  });

  test('over TLS a browser is told to stay there', async () => {
    const event = {
      version: '2.0',
      rawPath: '/docs',
      rawQueryString: '',
      headers: { 'x-forwarded-proto': 'https' },
      isBase64Encoded: false,
      requestContext: { requestId: 'x', http: { method: 'GET', path: '/docs', sourceIp: '127.0.0.1', userAgent: '' } },
    };
    const invocation = await world.invoke('getDocs', event);
    if (invocation.kind !== 'ok') throw new Error(invocation.kind);
    const { headers } = z.object({ headers: z.record(z.string(), z.string()) }).parse(JSON.parse(invocation.payload));
    expect(headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
  });
});

describe('a page of an allowed origin asks first', () => {
  test.each(routes)('$operation', async (route) => {
    const response = await fetch(targetOf(route), {
      method: 'OPTIONS',
      headers: {
        origin: app,
        'access-control-request-method': route.contract.method,
        'access-control-request-headers': 'authorization,content-type,idempotency-key,if-match,if-none-match',
      },
    });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, app]);
    expect(response.headers.get('access-control-allow-methods')?.split(',')).toContain(route.contract.method);
    const allowed = response.headers.get('access-control-allow-headers')?.split(',');
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'if-match', 'idempotency-key']));
  });
});

describe('a body that does not mean one thing', () => {
  test.each(withBody)('$operation', async (route) => {
    const body = bodyOf(route.operation);
    const { method } = route.contract;
    const json = { ...bearer(), 'content-type': 'application/json' };
    const twice = body.replace(/^\{/, '{"twice":1,"twice":2,').replace(',}', '}');
    const answers: readonly (readonly [number, string, RequestInit])[] = [
      [400, 'malformed_json', { body: twice.startsWith('{"twice') ? twice : '{', headers: json }],
      [400, 'malformed_json', { body: `\ufeff${body}`, headers: json }],
      [400, 'malformed_json', { body: Buffer.from([...Buffer.from(body), 0xff]), headers: json }],
      [415, 'unsupported_media_type', { body: gzipSync(body), headers: { ...json, 'content-encoding': 'gzip' } }],
      [
        415,
        'unsupported_media_type',
        { body, headers: { ...json, 'content-type': 'application/json; charset=latin1' } },
      ],
      [415, 'unsupported_media_type', { body, headers: { ...json, 'content-type': 'text/plain' } }],
    ];
    for (const [status, code, init] of answers) {
      const response = await fetch(targetOf(route), { method, ...init });
      const problem = Problem.strict().parse(await response.json());
      expect([response.status, problem.code]).toEqual([status, code]);
      expectSafe(response);
    }
  });
});

describe('the request log', () => {
  async function linesOf(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
    const before = world.logs.length;
    await work();
    return world.logs.slice(before).map((line) => JSON.parse(line));
  }
  const common = {
    level: 'info',
    message: 'request',
    requestId: expect.stringMatching(/^\S{10,}$/),
    coldStart: expect.any(Boolean),
    ms: expect.any(Number),
    dataApiCalls: expect.any(Number),
    dataApiMs: expect.any(Number),
  };

  test('has one line for a request: who, which door, how it ended, and what it cost', async () => {
    const lines = await linesOf(() => world.call('GET', '/v1/me', { token: seed.owner.token }));
    expect(lines).toEqual([
      {
        ...common,
        operation: 'getMe',
        route: 'GET /v1/me',
        actorKind: 'user',
        actor: seed.owner.id,
        status: 200,
        code: null,
        dataApiCalls: 1,
      },
    ]);
  });

  test('says why not, also before anybody is known', async () => {
    const id = randomUUID();
    const lines = await linesOf(async () => {
      await world.call('GET', `/v1/projects/${id}`, { token: seed.owner.token });
      await world.call('GET', `/v1/projects/${id}`, { token: 'a.b.c' });
      await world.call('POST', '/v1/auth/login', { text: '{' });
    });
    expect(lines).toEqual([
      expect.objectContaining({
        route: 'GET /v1/projects/{projectId}',
        actor: seed.owner.id,
        status: 404,
        code: 'not_found',
      }),
      expect.objectContaining({ actorKind: null, actor: null, status: 401, code: 'unauthenticated', dataApiCalls: 0 }),
      expect.objectContaining({ actorKind: 'public', actor: null, status: 400, code: 'malformed_json' }),
    ]);
    // The path would say which thing it was, and opens a page where it is unguessable.
    expect(JSON.stringify(lines)).not.toContain(id);
  });

  test('knows a program by its key, and whose it is', async () => {
    const made = await world.call('POST', `/v1/projects/${seed.projectId}/api-keys`, {
      token: seed.owner.token,
      json: { name: 'Log', scopes: ['posts:read'] },
    });
    const { key, apiKey } = made.json(z.looseObject({ key: z.string(), apiKey: z.looseObject({ id: z.string() }) }));
    const lines = await linesOf(() => world.call('GET', '/v1/posts', { token: key }));
    expect(lines).toEqual([
      expect.objectContaining({ actorKind: 'key', actor: apiKey.id, keyOwner: seed.owner.id, status: 200 }),
    ]);
    expect(world.logs.join()).not.toContain(key);
  });

  test('says the first time that it is the first', async () => {
    const cold = world.logs.map((line) => JSON.parse(line)).filter(({ coldStart }) => coldStart === true);
    const operations = cold.map(({ operation }) => operation);
    expect(operations).toContain('getMe');
    expect(new Set(operations).size).toBe(operations.length);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
