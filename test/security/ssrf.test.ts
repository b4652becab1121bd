/** What an address that somebody gives us could make us fetch, tried against the one guard and through the doors. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { guardedFetch } from '../../shared/net/fetch.ts';
import { type GuardPolicy, guardUrl, isRefusal } from '../../shared/net/guard.ts';
import { RequestError, sendRequest } from '../../shared/net/request.ts';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

interface Listening {
  readonly origin: string;
  readonly port: number;
  /** Connections that were opened to it. */
  count(): number;
}

async function listen(server: Server): Promise<Listening> {
  servers.push(server);
  let count = 0;
  server.on('connection', (socket) => {
    count += 1;
    sockets.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { origin: `http://127.0.0.1:${address.port}`, port: address.port, count: () => count };
}

const answering = (listener: RequestListener) => listen(createServer(listener));
const trusting = (...origins: readonly string[]): GuardPolicy => ({ trustedOrigins: origins });
const strict = trusting();

/** Ways to write this machine, its network, and the cloud's metadata service. `{port}` is a port on which something listens. */
const inside = [
  'http://127.0.0.1:{port}/',
  'http://127.1:{port}/',
  'http://2130706433:{port}/',
  'http://0x7f000001:{port}/',
  'http://0x7f.0x0.0x0.0x1:{port}/',
  'http://017700000001:{port}/',
  'http://0177.0.0.1:{port}/',
  'http://127.0.0.1.:{port}/',
  'http://127.00.00.01/',
  'http://0/',
  'http://0.0.0.0:{port}/',
  'http://[::]:{port}/',
  'http://[::1]:{port}/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::ffff:127.0.0.1]:{port}/',
  'http://[::ffff:7f00:1]/',
  'http://[0:0:0:0:0:ffff:127.0.0.1]/',
  'http://[::127.0.0.1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[64:ff9b:1::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[2001:0:7f00:1::]/',
  'http://[fe80::1%25lo]/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.170.2/v2/credentials/',
  'http://2852039166/latest/meta-data/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://instance-data.ec2.internal/',
  'http://localhost:{port}/',
  'http://localhost.:{port}/',
  'http://LocalHost/',
  'http://localhost.localdomain/',
  'http://x.localhost/',
  'http://printer.local./',
  'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
  'http://ｌｏｃａｌｈｏｓｔ/',
  'http://①②⑦.⓪.⓪.①/',
  'http://127。0。0。1/',
  'http://local\u00adhost/',
  'http://local\thost/',
  'http://router.lan/',
  'http://nas.home.arpa/',
  'http://db/',
  'http://10.1.2.3/',
  'http://172.31.255.255/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
];

/** Addresses that are wrong in other ways. */
const odd = [
  'https://user:secret@example.com/',
  'https://user@example.com/',
  'https://:secret@example.com/',
  'https://example.com@127.0.0.1/',
  'https://example.com:22/',
  'https://example.com:25/',
  'https://example.com:6379/',
  'https://example.com:65535/',
  'https://example.com:0/',
  'ftp://example.com/',
  'file:///proc/self/environ',
  'file://127.0.0.1/etc/passwd',
  'gopher://example.com/',
  'dict://example.com/',
  'data:text/plain,x',
  'javascript:alert(1)',
  'blob:https://example.com/1',
  'ws://example.com/',
  'jar:https://example.com!/',
  '//example.com/',
  '/etc/passwd',
  '',
  ' ',
  'https://',
  'https://exa mple.com/',
  'https://[::1',
  'https://256.256.256.256/',
  'https://1.2.3.4.5/',
  'https://example.com:99999/',
];

describe('an address that leads inside', () => {
  test.each(inside)('is not fetched: %s', async (written) => {
    const door = await answering((_request, response) => response.end('inside'));
    const url = written.replace('{port}', String(door.port));
    await expect(sendRequest({ method: 'GET', url, maxBytes: 10 }, strict)).rejects.toSatisfy(isRefusal);
    await expect(guardedFetch(strict, { maxBytes: 10, timeoutMs: 500 })(url)).rejects.toThrow();
    expect(door.count()).toBe(0);
  });

  test.each(odd)('or is none: %s', async (url) => {
    await expect(sendRequest({ method: 'GET', url, maxBytes: 10 }, strict)).rejects.toSatisfy(isRefusal);
  });

  test('is not fetched when a redirect leads there, whatever way it is written', async () => {
    const door = await answering((_request, response) => response.end('inside'));
    const targets = inside.map((written) => written.replace('{port}', String(door.port)));
    for (const location of [...targets, ...odd.filter((address) => /^[a-z]+:\/\/\S+$/.test(address))]) {
      const outside = await answering((_request, response) => {
        response.writeHead(302, { location: encodeURI(location).replaceAll('%25', '%') }).end();
      });
      const call = sendRequest(
        { method: 'GET', url: outside.origin, maxBytes: 10, maxRedirects: 3 },
        trusting(outside.origin),
      );
      await expect(call, location).rejects.toSatisfy((error) => isRefusal(error) || error instanceof RequestError);
    }
    expect(door.count()).toBe(0);
  });
});

describe('a name that answers with another address', () => {
  /** Answers the addresses in turn, as a server does that rebinds its name. */
  function rebinding(...answers: readonly (readonly string[])[]) {
    let asked = 0;
    return {
      asked: () => asked,
      resolve: async () => {
        const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
        asked += 1;
        return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      },
    };
  }

  test.each([
    ['this machine', ['127.0.0.1']],
    ['this machine in IPv6', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['the metadata service', ['169.254.169.254']],
    ['a public and a private one', ['93.184.216.34', '10.0.0.1']],
    ['a private one of the other family', ['93.184.216.34', 'fd00::1']],
    ['nothing that is an address', ['localhost']],
  ])('is not connected to: %s', async (_, addresses) => {
    const { resolve } = rebinding(addresses);
    for (const url of ['http://rebound.example/', 'https://rebound.example/', 'https://rebound.example./']) {
      const call = sendRequest({ method: 'GET', url, maxBytes: 10 }, { trustedOrigins: [], resolve });
      await expect(call).rejects.toSatisfy(isRefusal);
    }
  });

  test('is looked up by the connection itself and by nothing before it: there is no second answer to use', async () => {
    const names = rebinding(['93.184.216.34'], ['127.0.0.1']);
    const { url, lookup } = guardUrl('http://rebound.example/', { trustedOrigins: [], resolve: names.resolve });
    expect(names.asked()).toBe(0);
    const look = () =>
      new Promise((done) =>
        lookup(url.hostname, { all: true }, (error, found) => done(error === null ? found : error)),
      );
    expect(await look()).toEqual([{ address: '93.184.216.34', family: 4 }]);
    expect(await look()).toSatisfy(isRefusal);
  });

  test('is looked up anew by every hop', async () => {
    const inner = await answering((_request, response) => response.end('inside'));
    const outside = await answering((_request, response) => {
      response.writeHead(302, { location: 'http://rebound.example/' }).end();
    });
    const { resolve } = rebinding(['127.0.0.1']);
    const policy = { trustedOrigins: [outside.origin], resolve };
    const call = sendRequest({ method: 'GET', url: outside.origin, maxBytes: 10, maxRedirects: 3 }, policy);
    await expect(call).rejects.toSatisfy(isRefusal);
    expect(inner.count()).toBe(0);
  });
});

describe('an answer that means harm', () => {
  async function troubleOf(url: string, timeoutMs = 400): Promise<string> {
    const began = performance.now();
    try {
      const answer = await sendRequest(
        { method: 'GET', url, maxBytes: 1_000, timeoutMs },
        trusting(new URL(url).origin),
      );
      for await (const _ of answer.body);
      return 'none';
    } catch (error) {
      expect(performance.now() - began).toBeLessThan(timeoutMs + 8_000);
      return error instanceof RequestError ? error.trouble : String(error);
    }
  }

  test('one byte at a time, in its head or its body, ends with the time', async () => {
    const dribble = (head: string) =>
      listen(
        createSocketServer((socket) => {
          socket.write(head);
          const timer = setInterval(() => socket.write('x'), 20);
          socket.on('close', () => clearInterval(timer));
        }),
      );
    expect(await troubleOf((await dribble('HTTP/1.1 200 OK\r\nx-slow: ')).origin)).toBe('timeout');
    expect(await troubleOf((await dribble('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n')).origin)).toBe('timeout');
  });

  test('a head or a body without end is cut off', async () => {
    const endless = (head: string, part: string) =>
      listen(
        createSocketServer((socket) => {
          socket.write(head);
          const timer = setInterval(() => socket.write(part.repeat(1_000)), 5);
          socket.on('close', () => clearInterval(timer));
        }),
      );
    expect(await troubleOf((await endless('HTTP/1.1 200 OK\r\n', 'x-many: y\r\n')).origin)).toBe('broken');
    expect(await troubleOf((await endless('HTTP/1.1 200 OK\r\n\r\n', 'y')).origin)).toBe('too-large');
    expect(await troubleOf((await endless('', 'HTTP/1.1 100 Continue\r\n\r\n')).origin)).toMatch(/timeout|broken/);
  });

  test('a small body that unpacks to a large one is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(500_000));
    expect(bomb.length).toBeLessThan(1_000);
    const { origin } = await answering((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(bomb);
    });
    const answer = await sendRequest({ method: 'GET', url: origin, maxBytes: 1_000 }, trusting(origin));
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks)).toEqual(bomb);
    const fetched = await guardedFetch(trusting(origin), { maxBytes: 1_000, timeoutMs: 500 })(origin);
    expect((await fetched.arrayBuffer()).byteLength).toBe(bomb.length);
  });

  test('two lengths, or a length and chunks, are no answer', async () => {
    const smuggle = (head: string) =>
      listen(createSocketServer((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nx`)));
    expect(await troubleOf((await smuggle('content-length: 1\r\ncontent-length: 2')).origin)).toBe('broken');
    expect(await troubleOf((await smuggle('content-length: 1\r\ntransfer-encoding: chunked')).origin)).toBe('broken');
  });

  test('a redirect to nowhere, to itself, or with a very long address', async () => {
    for (const location of ['http://[', 'https://x.example:99999/', '/', `/${'x'.repeat(10_000)}`]) {
      const { origin } = await answering((_request, response) => response.writeHead(302, { location }).end());
      const call = sendRequest({ method: 'GET', url: origin, maxBytes: 10, maxRedirects: 3 }, trusting(origin));
      await expect(call).rejects.toMatchObject({ trouble: 'redirects' });
    }
  });
});

describe('fetch, as libraries get it', () => {
  test('asks only over https, but for trusted origins, and follows nothing', async () => {
    const { origin, count } = await answering((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: 'https://example.com/' }).end();
      else request.pipe(response.setHeader('x-type', request.headers['content-type'] ?? ''));
    });
    const limits = { maxBytes: 1_000, timeoutMs: 1_000 };
    await expect(guardedFetch(strict, limits)('http://example.com/')).rejects.toSatisfy(isRefusal);
    const call = guardedFetch(trusting(origin), limits);
    const answer = await call(origin, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) });
    expect([answer.status, answer.headers.get('x-type'), await answer.text()]).toEqual([
      200,
      'application/x-www-form-urlencoded;charset=UTF-8',
      'a=b+c',
    ]);
    expect((await call(`${origin}/away`)).status).toBe(302);
    await expect(call(origin, { method: 'POST', body: 'x'.repeat(1_001) })).rejects.toMatchObject({
      trouble: 'too-large',
    });
    expect(count()).toBe(3);
  });
});

describe('through the doors', () => {
  let world: World;
  let ada: Person;
  let projectId: string;
  beforeAll(async () => {
    world = await openWorld();
    ada = await registerUser(world);
    projectId = (await createProject(world, ada)).id;
  });
  afterAll(() => world.close());

  test('the address of an instance or a server is no way in', async () => {
    const door = await answering((_request, response) => response.end('{}'));
    const through: string[] = [];
    const long = `https://${'a'.repeat(60)}.${'b'.repeat(60)}.example/${'c'.repeat(5_000)}`;
    // Of `ann@example.com` and `//example.com` the doors take the name of the instance, as people write it.
    const others = odd.filter((written) => !/@example|^\/\/|^https:\/\/:/.test(written));
    for (const written of [...inside, ...others, long]) {
      const baseUrl = written.replace('{port}', String(door.port));
      for (const body of [
        { platform: 'mastodon', projectId, baseUrl },
        { platform: 'bluesky', projectId, identifier: 'a.b', appPassword: 'abcd-efgh-ijkl-mnop', baseUrl },
      ]) {
        const answer = await world.call('POST', '/v1/accounts', { token: ada.token, json: body });
        if (answer.status !== 422 || !/^(address_not_allowed|invalid_request)$/.test(answer.code ?? '')) {
          through.push(`${body.platform} ${baseUrl}: ${answer.status} ${answer.code}`);
        }
      }
    }
    expect(through).toEqual([]);
    expect(door.count()).toBe(0);
    expect(await world.sql('select id from oauth_states')).toEqual([]);
  });
});
