import { Agent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../../infra/local/gateway.ts';
import { createInvoker, type Invoker, type LambdaHandler } from '../../../infra/local/invoke.ts';

const open: Gateway[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()));
});

interface World {
  readonly origin: string;
  readonly port: number;
  readonly gateway: Gateway;
  readonly invoker: Invoker;
  /** Events that reached the function. */
  readonly events: APIGatewayProxyEventV2[];
}

const routes = [
  { method: 'GET', path: '/v1/posts/{id}', functionName: 'getPost' },
  { method: 'GET', path: '/v1/posts/mine', functionName: 'listMine' },
  { method: 'GET', path: '/v1/{area}/mine', functionName: 'listArea' },
  { method: 'POST', path: '/v1/posts', functionName: 'createPost' },
  { method: '$default', path: '$default', functionName: 'fallback' },
];

/** A gateway whose functions all answer with `result`, and keep the events. */
async function start(
  result: (event: APIGatewayProxyEventV2) => unknown = () => ({ statusCode: 200, body: 'ok' }),
  more: Partial<GatewayOptions> = {},
): Promise<World> {
  const events: APIGatewayProxyEventV2[] = [];
  const handler: LambdaHandler = async (event, context) => {
    const typed: APIGatewayProxyEventV2 = JSON.parse(JSON.stringify(event));
    events.push(typed);
    return (await result(typed)) === 'name' ? { statusCode: 200, body: context.functionName } : result(typed);
  };
  const names = [...new Set((more.routes ?? routes).map((route) => route.functionName))];
  const invoker = createInvoker({
    functions: names.map((name) => ({ name, timeoutS: 29, memoryMb: 512, load: async () => handler })),
    log: () => undefined,
  });
  const gateway = createGateway({ routes, invoke: invoker.invoke, ...more });
  open.push(gateway);
  return { ...(await gateway.listen(0)), gateway, invoker, events };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function send(url: string, options: RequestOptions & { body?: Buffer | string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

/** Writes the chunk again and again until the answer is there. */
function sendEndless(url: string, chunk: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent: false, method: 'POST' }, (response) => {
      clearInterval(writing);
      response.on('data', (body) => resolve({ status: response.statusCode ?? 0, headers: {}, body: String(body) }));
      response.on('close', () => request.destroy());
    });
    request.on('error', reject);
    const writing = setInterval(() => request.writableNeedDrain || request.write(chunk), 1);
  });
}

const message = (text: string) => JSON.stringify({ message: text });

describe('the event is that of payload format 2.0', () => {
  test('a request with everything has each member in its place', async () => {
    const { origin, port, events } = await start();
    const url = `${origin}/v1/posts/a%20b%C3%A9?tag=x&tag=y%2Cz&q=1+2&empty=`;
    await send(url, {
      headers: [
        ...['Host', `127.0.0.1:${port}`, 'User-Agent', 'probe/1', 'X-Many', 'one', 'x-many', 'two'],
        ...['Cookie', 'a=1; b=2', 'Authorization', 'Bearer t', 'Connection', 'close'],
      ],
    });
    const [event] = events;
    expect(event).toEqual({
      version: '2.0',
      routeKey: 'GET /v1/posts/{id}',
      rawPath: '/v1/posts/a bé',
      rawQueryString: 'tag=x&tag=y%2Cz&q=1+2&empty=',
      cookies: ['a=1', 'b=2'],
      headers: {
        host: `127.0.0.1:${port}`,
        'user-agent': 'probe/1',
        'x-many': 'one,two',
        authorization: 'Bearer t',
        'content-length': '0',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': String(port),
        'x-forwarded-proto': 'http',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      },
      queryStringParameters: { tag: 'x,y,z', q: '1 2', empty: '' },
      pathParameters: { id: 'a bé' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: '127.0.0.1',
        domainPrefix: '127',
        http: {
          method: 'GET',
          path: '/v1/posts/a bé',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'probe/1',
        },
        requestId: expect.stringMatching(/^[\w-]{15}=$/),
        routeKey: 'GET /v1/posts/{id}',
        stage: '$default',
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        timeEpoch: expect.any(Number),
      },
      isBase64Encoded: false,
    });
    expect(Math.abs((event?.requestContext.timeEpoch ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  test('absent members are left out, not null', async () => {
    const { origin, events } = await start();
    await send(`${origin}/nothing/here`);
    expect(Object.keys(events[0] ?? {}).sort()).toEqual([
      'headers',
      'isBase64Encoded',
      'rawPath',
      'rawQueryString',
      'requestContext',
      'routeKey',
      'version',
    ]);
    expect(events[0]?.routeKey).toBe('$default');
  });

  test.each([
    ['application/json', '{"a":"é"}', '{"a":"é"}', false],
    ['application/json; charset=utf-8', '{}', '{}', false],
    ['text/csv', 'a,b', 'a,b', false],
    ['application/xml', '<a/>', '<a/>', false],
    ['application/octet-stream', 'hi', 'aGk=', true],
    ['application/x-www-form-urlencoded', 'a=b', 'YT1i', true],
    ['application/problem+json', '{}', 'e30=', true],
    [undefined, 'hi', 'aGk=', true],
  ])('a body of type %s arrives as the real gateway hands it over', async (type, sent, body, isBase64Encoded) => {
    const { origin, events } = await start();
    await send(`${origin}/v1/posts`, {
      method: 'POST',
      body: sent,
      headers: type === undefined ? {} : { 'content-type': type },
    });
    expect(events[0]).toMatchObject({ body, isBase64Encoded });
    expect(events[0]?.headers['content-length']).toBe(String(Buffer.byteLength(sent)));
  });

  test('a path is decoded before it is routed, cut at a decoded question mark, and refused when it cannot be decoded', async () => {
    const { origin, events } = await start();
    await send(`${origin}/v1/posts/x%2Fy`);
    await send(`${origin}/v1/posts/x%3Fy=1?z=2`);
    expect(events.map((event) => [event.routeKey, event.rawPath, event.rawQueryString])).toEqual([
      ['$default', '/v1/posts/x/y', ''],
      ['GET /v1/posts/{id}', '/v1/posts/x', 'z=2'],
    ]);
    expect(await send(`${origin}/v1/posts/%zz`)).toMatchObject({ status: 400, body: message('Bad Request') });
    expect(events).toHaveLength(2);
  });
});

describe('routes', () => {
  test.each([
    ['GET', '/v1/posts/mine', 'listMine'],
    ['GET', '/v1/posts/7', 'getPost'],
    ['GET', '/v1/media/mine', 'listArea'],
    ['POST', '/v1/posts', 'createPost'],
    ['GET', '/v1/posts', 'fallback'],
    ['GET', '/v1/posts/', 'fallback'],
    ['DELETE', '/v1/posts/7', 'fallback'],
    ['OPTIONS', '/v1/posts', 'fallback'],
  ])('%s %s is answered by %s', async (method, path, expected) => {
    const { origin } = await start(() => 'name');
    expect((await send(`${origin}${path}`, { method })).body).toBe(expected);
  });

  test('HEAD has no route of its own, so $default answers it, without a body', async () => {
    const { origin, events } = await start(() => ({ statusCode: 405, body: 'not sent' }));
    const answer = await send(`${origin}/v1/posts/7`, { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 405, body: '' });
    expect(events[0]?.routeKey).toBe('$default');
  });

  test('without a $default route the gateway answers 404 itself', async () => {
    const { origin } = await start(undefined, { routes: routes.slice(0, 1) });
    expect(await send(`${origin}/nothing`)).toMatchObject({ status: 404, body: message('Not Found') });
  });

  test('two routes with one key are refused', async () => {
    const twice = [routes[0], routes[0]].flatMap((route) => (route === undefined ? [] : [route]));
    await expect(start(undefined, { routes: twice })).rejects.toThrow('two routes have the key GET /v1/posts/{id}');
  });
});

describe('results of functions', () => {
  test('status, headers, cookies and a binary body reach the client', async () => {
    const { origin } = await start(() => ({
      statusCode: 201,
      headers: { 'Content-Type': 'image/png', 'X-Count': 3, Connection: 'x', 'Content-Length': '999' },
      cookies: ['a=1; Path=/', 'b=2'],
      body: Buffer.from([0, 255, 1]).toString('base64'),
      isBase64Encoded: true,
    }));
    const response = await fetch(`${origin}/v1/posts/1`);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-count')).toBe('3');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(response.headers.get('apigw-requestid')).toMatch(/^[\w-]{15}=$/);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255, 1]));
  });

  test('a body without a content type is plain text', async () => {
    const { origin } = await start(() => ({ statusCode: 200, body: 'hallo' }));
    const answer = await send(`${origin}/v1/posts/1`);
    expect(answer).toMatchObject({ status: 200, body: 'hallo' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test.each([
    [{ hello: 'world' }, '{"hello":"world"}'],
    ['text', '"text"'],
    [null, 'null'],
    [undefined, 'null'],
  ])('%j without a status code is the body of a 200', async (result, body) => {
    const { origin } = await start(() => result);
    const answer = await send(`${origin}/v1/posts/1`);
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  test('204 has neither body nor content type', async () => {
    const { origin } = await start(() => ({ statusCode: 204 }));
    const answer = await send(`${origin}/v1/posts/1`);
    expect(answer).toMatchObject({ status: 204, body: '' });
    expect(answer.headers).not.toHaveProperty('content-type');
  });

  test.each([
    ['a status that is no number', { statusCode: 'many' }],
    ['a status outside HTTP', { statusCode: 0 }],
    ['a body that is no string', { statusCode: 200, body: { a: 1 } }],
    ['a header that HTTP cannot carry', { statusCode: 200, headers: { 'x-bad': 'a\r\nb: c' } }],
    ['a header that is a list', { statusCode: 200, headers: { 'x-bad': ['a'] } }],
    ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }],
  ])('%s is a bare 500', async (_, result) => {
    const { origin } = await start(() => result);
    expect(await send(`${origin}/v1/posts/1`)).toMatchObject({ status: 500, body: message('Internal Server Error') });
  });

  test('a function that throws is a bare 500', async () => {
    const { origin } = await start(() => {
      throw new Error('secret cause');
    });
    expect(await send(`${origin}/v1/posts/1`)).toMatchObject({ status: 500, body: message('Internal Server Error') });
  });
});

describe('limits', () => {
  const mib = 1024 * 1024;

  test('a body of 7 MB is over what Lambda takes: 413, and the function is not called', async () => {
    const { origin, events } = await start();
    const answer = await send(`${origin}/v1/posts`, {
      method: 'POST',
      body: Buffer.alloc(7_000_000, 'a'),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer).toMatchObject({ status: 413, body: message('Request Entity Too Large') });
    expect(events).toHaveLength(0);
  });

  test('binary counts with its base64 overhead: 4 MiB pass, 5 MiB do not', async () => {
    const { origin, events } = await start();
    const post = (bytes: number) => send(`${origin}/v1/posts`, { method: 'POST', body: Buffer.alloc(bytes) });
    expect((await post(4 * mib)).status).toBe(200);
    expect((await post(5 * mib)).status).toBe(413);
    expect(events).toHaveLength(1);
  });

  test('more than 10 MB is refused before it is read, announced or not', async () => {
    const { origin, events } = await start();
    const announced = await send(`${origin}/v1/posts`, { method: 'POST', body: Buffer.alloc(11 * mib) });
    expect(announced).toMatchObject({ status: 413, body: message('Request Entity Too Large') });
    // An endless body: only a gateway that stops reading can answer this.
    const endless = await sendEndless(`${origin}/v1/posts`, Buffer.alloc(mib));
    expect(endless).toMatchObject({ status: 413, body: message('Request Entity Too Large') });
    expect(events).toHaveLength(0);
  });

  test('request line and header values up to 10,240 bytes pass, one more is 431', async () => {
    const { origin, port } = await start();
    const line = 'GET /v1/posts/1 HTTP/1.1';
    const host = `127.0.0.1:${port}`;
    const rest = 10_240 - line.length - host.length - 'close'.length;
    const get = (bytes: number) => send(`${origin}/v1/posts/1`, { headers: { 'x-long': 'a'.repeat(bytes) } });
    expect((await get(rest)).status).toBe(200);
    expect(await get(rest + 1)).toMatchObject({ status: 431, body: message('Request Header Fields Too Large') });
    expect((await get(200_000)).status).toBe(431);
  });

  test('a function that takes longer than the integration time-out is a 503', async () => {
    const { origin } = await start(() => new Promise((resolve) => setTimeout(resolve, 400)), {
      integrationTimeoutMs: 50,
    });
    expect(await send(`${origin}/v1/posts/1`)).toMatchObject({ status: 503, body: message('Service Unavailable') });
  });

  test('beyond the burst requests get 429, and pass again when the bucket has filled', async () => {
    const { origin } = await start(undefined, { throttle: { ratePerS: 1, burst: 3 } });
    const statuses: number[] = [];
    for (let left = 3; left > 0; left -= 1) statuses.push((await send(`${origin}/v1/posts/1`)).status);
    expect(statuses).toEqual([200, 200, 200]);
    // All at once: however slow the machine is, the bucket cannot fill between them.
    const burst = await Promise.all(Array.from({ length: 30 }, () => send(`${origin}/v1/posts/1`)));
    expect(burst.find(({ status }) => status === 429)).toMatchObject({
      status: 429,
      body: message('Too Many Requests'),
    });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect((await send(`${origin}/v1/posts/1`)).status).toBe(200);
  });

  test('what is no HTTP is a 400', async () => {
    const { port } = await start();
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.on('close', () => resolve(received));
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain(message('Bad Request'));
  });
});

describe('connections', () => {
  test.each([
    ['body', 'POST /v1/posts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx'],
    ['head', 'POST /v1/posts HTTP/1.1\r\nHost:'],
  ])('one that stops in the middle of its %s is closed, and no function sees it', async (_, text) => {
    const { port, events } = await start(undefined, { requestTimeoutMs: 200 });
    const began = performance.now();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(text);
    await new Promise((resolve) => socket.on('error', resolve).on('close', resolve).on('end', resolve).resume());
    socket.destroy();
    expect(performance.now() - began).toBeGreaterThan(190);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(events).toEqual([]);
  });

  test('a slow function is waited for longer than a slow sender', async () => {
    const slow = () => new Promise((resolve) => setTimeout(resolve, 700, { statusCode: 200, body: 'late' }));
    const { origin } = await start(slow, { requestTimeoutMs: 200 });
    expect((await send(`${origin}/v1/posts/1`)).body).toBe('late');
  });

  test('one connection serves many requests', async () => {
    const { origin } = await start(undefined, { routes: routes.slice(0, 1) });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    agent.on('free', (socket) => ports.add(socket.localPort));
    for (const path of ['/v1/posts/1', '/nothing', '/v1/posts/%zz', '/v1/posts/2'])
      await send(origin + path, { agent });
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  test('closing lets a running request end, and takes no more', async () => {
    let release: (value: unknown) => void = () => undefined;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    const { origin, gateway, invoker } = await start(() => held);
    const agent = new Agent({ keepAlive: true });
    const running = send(`${origin}/v1/posts/1`, { agent });
    while (invoker.running() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = gateway.close();
    await expect(send(`${origin}/v1/posts/2`)).rejects.toThrow('ECONNREFUSED');
    release({ statusCode: 200, body: 'late' });
    expect((await running).body).toBe('late');
    await closed;
    agent.destroy();
  });
});
