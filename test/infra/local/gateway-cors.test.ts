/** Pages of other origins, as an HTTP API with CORS treats them; throttles of single routes; the access log. */
import { connect } from 'node:net';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterEach, describe, expect, test } from 'vitest';
import { readOrigins } from '../../../infra/cors.ts';
import { type AccessLine, createGateway, type Gateway, type GatewayOptions } from '../../../infra/local/gateway.ts';
import { createInvoker } from '../../../infra/local/invoke.ts';

const open: Gateway[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()));
});

const routes = [
  { method: 'GET', path: '/posts/{id}', functionName: 'getPost' },
  { method: 'POST', path: '/posts', functionName: 'createPost' },
  { method: 'GET', path: '/docs', functionName: 'docs', throttle: { ratePerS: 0.001, burst: 2 } },
  { method: '$default', path: '$default', functionName: 'fallback' },
];

async function start(options: Partial<GatewayOptions> = {}) {
  const asked: string[] = [];
  const load = async () => async (event: unknown) => {
    const { routeKey, requestContext, rawQueryString }: APIGatewayProxyEventV2 = JSON.parse(JSON.stringify(event));
    asked.push(`${requestContext.http.method} ${routeKey}`);
    if (rawQueryString === 'throw') throw new Error('inside');
    return {
      statusCode: rawQueryString === 'wrong' ? 422 : 200,
      headers: { 'access-control-allow-origin': '*', 'Access-Control-Allow-Credentials': 'true', vary: 'origin' },
      body: 'ok',
    };
  };
  const names = [...new Set((options.routes ?? routes).map(({ functionName }) => functionName))];
  const invoker = createInvoker({
    functions: names.map((name) => ({ name, timeoutS: 29, memoryMb: 512, load })),
    log: () => undefined,
  });
  const lines: AccessLine[] = [];
  const gateway = createGateway({ routes, invoke: invoker.invoke, log: (line) => void lines.push(line), ...options });
  open.push(gateway);
  return { ...(await gateway.listen(0)), asked, lines };
}

const app = 'https://app.example';
const asks = (origin: string, method = 'POST') => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type,idempotency-key',
  },
});
const corsOf = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-')));
const list = (text: string | undefined) => (text ?? '').split(',').toSorted();

describe('a preflight', () => {
  test('is answered by the gateway, whatever the path, and reaches no function', async () => {
    const { origin, asked } = await start({ webOrigins: [app, 'http://localhost:5173'] });
    for (const path of ['/posts', '/posts/1', '/nowhere', '/%zz']) {
      const response = await fetch(origin + path, asks(app));
      const given = corsOf(response);
      expect([path, response.status, await response.text()]).toEqual([path, 204, '']);
      expect(given['access-control-allow-origin']).toBe(app);
      expect(list(given['access-control-allow-methods'])).toEqual(['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT']);
      expect(list(given['access-control-allow-headers'])).toEqual(
        list('authorization,content-type,idempotency-key,if-match,if-none-match'),
      );
      expect(given['access-control-max-age']).toBe('3600');
      expect(given).not.toHaveProperty('access-control-allow-credentials');
    }
    expect(asked).toEqual([]);
  });

  test.each([
    'https://evil.example',
    'https://app.example.evil',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'null',
  ])('from %s gets nothing', async (stranger) => {
    const { origin, asked } = await start({ webOrigins: [app] });
    const response = await fetch(`${origin}/posts`, asks(stranger));
    expect([response.status, corsOf(response), asked]).toEqual([204, {}, []]);
  });

  test('without CORS, or without what makes it one, is OPTIONS like any other method', async () => {
    const without = await start();
    await fetch(`${without.origin}/posts`, asks(app));
    expect(without.asked).toEqual(['OPTIONS $default']);
    const half = await start({ webOrigins: [app] });
    await fetch(`${half.origin}/posts`, { method: 'OPTIONS', headers: { origin: app } });
    await fetch(`${half.origin}/posts`, { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } });
    expect(half.asked).toEqual(['OPTIONS $default', 'OPTIONS $default']);
  });
});

describe('an answer', () => {
  test('to a page that may call carries its origin, also where something is wrong, and nothing that a function says of it', async () => {
    const { origin } = await start({ webOrigins: [app], throttle: { ratePerS: 0.001, burst: 6 } });
    const ask = (path: string, init: RequestInit = {}) => fetch(origin + path, { ...init, headers: { origin: app } });
    for (const [path, status, init] of [
      ['/posts/1', 200, {}],
      ['/posts/1?wrong', 422, {}],
      ['/posts/1?throw', 500, {}],
      ['/nowhere', 200, {}],
      ['/%zz', 400, {}],
      ['/posts', 413, { method: 'POST', body: 'x'.repeat(11_000_000) }],
      ['/posts/1', 429, {}],
    ] as const) {
      const response = await ask(path, init);
      expect([path, response.status]).toEqual([path, status]);
      expect(corsOf(response)['access-control-allow-origin']).toBe(app);
      expect(corsOf(response)['access-control-expose-headers']).toContain('retry-after');
      expect(corsOf(response)).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  test('to anybody else carries nothing of it', async () => {
    const { origin } = await start({ webOrigins: [app] });
    expect(corsOf(await fetch(`${origin}/posts/1`))).toEqual({});
    expect(corsOf(await fetch(`${origin}/posts/1`, { headers: { origin: 'https://evil.example' } }))).toEqual({});
  });

  test('is for everybody where every origin may call', async () => {
    const { origin } = await start({ webOrigins: ['*'] });
    const response = await fetch(`${origin}/posts/1`, { headers: { origin: 'https://any.example' } });
    expect(corsOf(response)['access-control-allow-origin']).toBe('*');
    expect(corsOf(response)).not.toHaveProperty('access-control-allow-credentials');
  });
});

test('origins are read as browsers send them, and nothing else is taken for one', () => {
  expect(readOrigins('https://app.example, http://localhost:5173,')).toEqual([app, 'http://localhost:5173']);
  expect(readOrigins('*')).toEqual(['*']);
  expect(readOrigins('')).toEqual([]);
  for (const wrong of [
    'app.example',
    'https://app.example/',
    'https://*.example',
    'https://App.example',
    'https://app.example:443',
    'null',
    'ftp://a',
    'javascript:1',
  ])
    expect(() => readOrigins(wrong), wrong).toThrow('is no origin');
});

test('a route with a throttle of its own is cut off alone', async () => {
  const { origin, asked } = await start();
  const statuses: number[] = [];
  for (let left = 4; left > 0; left -= 1) statuses.push((await fetch(`${origin}/docs`)).status);
  expect(statuses).toEqual([200, 200, 429, 429]);
  expect((await fetch(`${origin}/posts/1`)).status).toBe(200);
  expect(asked).toHaveLength(3);
});

describe('the access log', () => {
  test('has a line per request with the fields of the stage on AWS, and no path', async () => {
    const { origin, lines } = await start({ webOrigins: [app] });
    const response = await fetch(`${origin}/posts/secret-path?secret-query`);
    await response.text();
    await (await fetch(`${origin}/posts/1?throw`)).text();
    await (await fetch(`${origin}/%zz`)).text();
    await fetch(`${origin}/posts`, asks(app));
    expect(lines).toEqual([
      {
        requestId: response.headers.get('apigw-requestid'),
        route: 'GET /posts/{id}',
        status: 200,
        latencyMs: expect.any(Number),
        functionMs: expect.any(Number),
        bytes: 2,
        error: null,
      },
      expect.objectContaining({ route: 'GET /posts/{id}', status: 500, error: 'Error' }),
      expect.objectContaining({ route: '-', status: 400, functionMs: null, error: null }),
      expect.objectContaining({ route: '-', status: 204, bytes: 0 }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(JSON.stringify(lines)).not.toContain('127.0.0.1');
  });
});

test('whoever takes us for a proxy is told that we are none', async () => {
  const { port } = await start();
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
    );
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('error', reject).on('close', () => resolve(received));
  });
  expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*\{"message":"Bad Request"\}$/);
});
