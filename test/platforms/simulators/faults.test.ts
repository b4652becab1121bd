/** A publisher's worst moments, one by one, on all three platforms: what was lost, what took effect, what was answered. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PlatformFaultInput } from '../../../infra/local/platforms/faults.ts';
import { call, type Reply, startWorld, stringOf, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.end());
afterEach(() => world.client.clearFaults());

interface Publisher {
  readonly platform: PlatformFaultInput['platform'];
  readonly route: string;
  readonly url: string;
  readonly token: string;
  /** The call that makes `text` public. */
  body(text: string): Promise<unknown>;
}

async function mastodon(): Promise<Publisher> {
  const { username } = await world.client.createUser('mastodon');
  return {
    platform: 'mastodon',
    route: 'POST /api/v1/statuses',
    url: `${world.platforms.origins.mastodon}/api/v1/statuses`,
    token: await world.client.issueToken('mastodon', { username }),
    body: async (text) => ({ status: text }),
  };
}

async function threads(): Promise<Publisher> {
  const { username } = await world.client.createUser('threads');
  const token = await world.client.issueToken('threads', { username });
  const base = `${world.platforms.origins.threads}/v1.0/me`;
  return {
    platform: 'threads',
    route: 'POST /v1.0/{user}/threads_publish',
    url: `${base}/threads_publish`,
    token,
    body: async (text) => {
      const { body } = await call(`${base}/threads`, { token, json: { media_type: 'TEXT', text } });
      return { creation_id: body.id };
    },
  };
}

async function bluesky(): Promise<Publisher> {
  const login = await world.client.createBlueskyAccount();
  const xrpc = `${world.platforms.origins.bluesky}/xrpc`;
  const json = { identifier: login.did, password: login.appPassword };
  const { body } = await call(`${xrpc}/com.atproto.server.createSession`, { json });
  const collection = 'app.bsky.feed.post';
  return {
    platform: 'bluesky',
    route: 'POST /xrpc/com.atproto.repo.createRecord',
    url: `${xrpc}/com.atproto.repo.createRecord`,
    token: stringOf(body.accessJwt),
    body: async (text) => {
      const record = { $type: collection, text, createdAt: new Date().toISOString() };
      return { repo: login.did, collection, record };
    },
  };
}

/** A host that sends one request and says what it got; here it can be killed. */
async function host(
  publisher: Publisher,
  body: unknown,
): Promise<{ child: ChildProcess; begin(): void; outcome: Promise<string> }> {
  const script = `process.stdin.once('data', async () => {
    const [url, token, body] = JSON.parse(process.argv[1]);
    const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    await response.text();
    console.log('answered ' + response.status);
    setTimeout(() => {}, 60000);
  });`;
  const child = spawn(process.execPath, ['-e', script, JSON.stringify([publisher.url, publisher.token, body])]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const outcome = new Promise<string>((resolve) => {
    child.once('close', (_code, signal) => resolve(`${output.trim()} ${signal}`.trim()));
  });
  return { child, begin: () => void child.stdin.write('go\n'), outcome };
}

async function published(publisher: Publisher, text: string): Promise<number> {
  return (await world.client.posts(publisher.platform)).filter((post) => post.text === text).length;
}

describe.each([
  ['mastodon', mastodon],
  ['threads', threads],
  ['bluesky', bluesky],
] as const)('%s', (_name, makePublisher) => {
  test.each([
    ['received', 0],
    ['applied', 1],
    ['answered', 1],
  ] as const)('kills the host when its request is %s: %i published', async (when, count) => {
    const publisher = await makePublisher();
    const text = `kill ${when} ${publisher.token.slice(-8)}`;
    const { child, begin, outcome } = await host(publisher, await publisher.body(text));
    const { platform, route } = publisher;
    await world.client.armFault({ platform, route, when, action: 'kill-host', pid: child.pid ?? 0 });
    begin();
    expect(await outcome).toContain('SIGKILL');
    expect(await published(publisher, text)).toBe(count);
    expect(await world.client.faults()).toMatchObject([{ route, struck: 1 }]);
  });

  test('loses an answer although the post is there; the next request is untouched', async () => {
    const publisher = await makePublisher();
    const { platform, route, url, token } = publisher;
    const text = `drop ${token.slice(-8)}`;
    await world.client.armFault({ platform, route, when: 'applied', action: 'drop' });
    await expect(call(url, { token, json: await publisher.body(text) })).rejects.toThrow('fetch failed');
    expect(await published(publisher, text)).toBe(1);
    expect((await call(url, { token, json: await publisher.body(`${text} again`) })).status).toBe(200);
  });

  test('answers what it is told before or after the effect, as often as told, after skipping', async () => {
    const publisher = await makePublisher();
    const { platform, route, url, token } = publisher;
    const text = `status ${token.slice(-8)}`;
    const send = async (suffix: string): Promise<Reply> =>
      call(url, { token, json: await publisher.body(text + suffix) });
    await world.client.armFault({
      platform,
      route,
      when: 'received',
      action: 'status',
      status: 429,
      headers: { 'retry-after': '7' },
      body: { error: 'slow down' },
      skip: 1,
      times: 2,
    });
    expect((await send('-1')).status).toBe(200);
    for (const suffix of ['-2', '-3']) {
      const refused = await send(suffix);
      expect([refused.status, refused.headers.get('retry-after'), refused.body.error]).toEqual([429, '7', 'slow down']);
      expect(await published(publisher, text + suffix)).toBe(0);
    }
    expect((await send('-4')).status).toBe(200);
    await world.client.armFault({ platform, route, when: 'applied', action: 'status', status: 503 });
    expect((await send('-5')).status).toBe(503);
    expect(await published(publisher, `${text}-5`)).toBe(1);
  });

  test('is late, or silent', async () => {
    const publisher = await makePublisher();
    const { platform, route, url, token } = publisher;
    await world.client.armFault({ platform, route, when: 'applied', action: 'delay', delayMs: 400 });
    const begun = Date.now();
    expect((await call(url, { token, json: await publisher.body('late') })).status).toBe(200);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(400);
    await world.client.armFault({ platform, route, when: 'received', action: 'hang' });
    const silent = fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(await publisher.body('silent')),
      signal: AbortSignal.timeout(300),
    });
    await expect(silent).rejects.toThrow('timeout');
  });
});

test('a fault that makes no sense is refused', async () => {
  const fault = { platform: 'mastodon', route: 'POST /api/v1/statuses', when: 'received' } as const;
  await expect(world.client.armFault({ ...fault, action: 'kill-host' })).rejects.toThrow('422');
  await expect(world.client.armFault({ ...fault, action: 'status' })).rejects.toThrow('422');
  await expect(world.client.armFault({ ...fault, when: 'answered', action: 'hang' })).rejects.toThrow('422');
});

test('requests are counted for the judge', async () => {
  const publisher = await mastodon();
  await call(publisher.url, { token: publisher.token, json: { status: 'counted' } });
  await call(publisher.url, { token: publisher.token, json: { status: '' } });
  const seen = (await world.client.requests()).filter((request) => request.route === publisher.route);
  expect(seen.map((request) => request.status)).toEqual([200, 422]);
});
