/** The platforms as a process: found again, taken over, begun anew with nothing lost. */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createPlatformsClient } from '../../../infra/local/platforms/control-client.ts';
import { explainProbe } from '../../../infra/local/platforms/pds.ts';
import { startPlatforms, stopPlatforms } from '../../../infra/local/platforms/process.ts';
import { readState } from '../../../infra/local/platforms/state-file.ts';
import { isRunning } from '../../support/is-running.ts';
import { call, eventually, serveFiles, startWorld, stringOf, testMedia, type World } from './world.ts';

const worlds: World[] = [];

async function newWorld(options: Parameters<typeof startWorld>[0]): Promise<World> {
  const world = await startWorld(options);
  worlds.push(world);
  return world;
}

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.end();
});

function childOf(pid: number): number {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const line = processes.split('\n').find((entry) => entry.trim().endsWith(` ${pid}`));
  return Number.parseInt(line ?? '', 10);
}

async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await eventually(async () => (isRunning(pid) ? null : true));
}

test('start with an app whose secret begins with a dash', async () => {
  const world = await newWorld({ bluesky: false, app: { clientId: '-id', clientSecret: '-XYZ=w' } });
  expect((await world.client.health()).pid).toBe(world.platforms.pid);
});

test('a second start adopts those that run', async () => {
  const world = await newWorld({ bluesky: false });
  const { pid, origins } = world.platforms;
  const second = await world.start();
  expect([second.adopted, second.pid, second.origins]).toEqual([true, pid, origins]);
});

test('two starts at once end in one process, and so does a start whose host was killed meanwhile', async () => {
  const world = await newWorld({ bluesky: false });
  await world.platforms.stop();
  const first = world.start();
  await eventually(async () => (readState(world.dataDir)?.pid === null ? null : true));
  const second = await world.start();
  expect(second.adopted).toBe(true);
  expect((await first).pid).toBe(second.pid);
});

test('what a killed host left can be ended by its folder alone', async () => {
  const world = await newWorld({ bluesky: false });
  await stopPlatforms(world.dataDir);
  expect(isRunning(world.platforms.pid)).toBe(false);
  await stopPlatforms(world.dataDir);
});

test('platforms that hang are ended and started anew at the same addresses', async () => {
  const world = await newWorld({ bluesky: false });
  const { origins, pid } = world.platforms;
  process.kill(pid, 'SIGSTOP');
  const second = await world.start();
  expect([second.adopted, second.origins, isRunning(pid)]).toEqual([false, origins, false]);
  process.kill(second.pid, 'SIGSTOP');
  await stopPlatforms(world.dataDir);
  expect(isRunning(second.pid)).toBe(false);
}, 20_000);

test('platforms of another folder are not ended, whatever an old file says', async () => {
  const world = await newWorld({ bluesky: false });
  const other = await newWorld({ bluesky: false });
  await other.platforms.stop();
  const state = await readFile(join(world.dataDir, 'platforms.json'));
  await writeFile(join(other.dataDir, 'platforms.json'), state);
  await stopPlatforms(other.dataDir);
  expect(isRunning(world.platforms.pid)).toBe(true);
});

test('after a stop they come back at the same addresses', async () => {
  const world = await newWorld({ bluesky: false });
  const { origins, pid } = world.platforms;
  await world.platforms.stop();
  expect(isRunning(pid)).toBe(false);
  const second = await world.start();
  expect([second.adopted, second.origins]).toEqual([false, origins]);
  expect(second.pid).not.toBe(pid);
});

test('killed, Mastodon and Threads have kept what they answered, and go on processing', async () => {
  const world = await newWorld({ bluesky: false });
  const { client } = world;
  const { origins } = world.platforms;
  const files = await serveFiles({ '/video.mp4': { type: 'video/mp4', bytes: await testMedia('video.mp4') } });
  const user = await client.createUser('mastodon');
  const token = await client.issueToken('mastodon', { username: user.username });
  const json = { status: 'kept' };
  const headers = { 'idempotency-key': 'k' };
  const first = await call(`${origins.mastodon}/api/v1/statuses`, { token, json, headers });
  const person = await client.createUser('threads');
  const graph = await client.issueToken('threads', { username: person.username });
  await client.configureThreads({ videoProcessingMs: 50 });
  const slow = createServer();
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const { port } = z.object({ port: z.int() }).parse(slow.address());
  // The answer to this fetch comes only after the restart, from another server at the same address.
  const form = { media_type: 'VIDEO', video_url: `http://127.0.0.1:${port}/video.mp4` };
  const container = await call(`${origins.threads}/v1.0/me/threads`, { token: graph, form });

  await killed(world.platforms.pid);
  slow.closeAllConnections();
  slow.on('request', (_request, response) => {
    response.writeHead(307, { location: `${files.origin}/video.mp4` });
    response.end();
  });
  await world.start();
  const again = await call(`${origins.mastodon}/api/v1/statuses`, { token, json, headers });
  expect(again.body.id).toBe(first.body.id);
  expect(await client.posts()).toMatchObject([{ platform: 'mastodon', id: first.body.id, text: 'kept' }]);
  const url = `${origins.threads}/v1.0/${container.body.id}?fields=status`;
  await eventually(async () => ((await call(url, { token: graph })).body.status === 'FINISHED' ? true : null));
  await new Promise((resolve) => slow.close(resolve));
  await files.close();
});

test('killed, Bluesky has kept accounts, posts and counts, and no PDS is left behind', async () => {
  const world = await newWorld({});
  const { client } = world;
  const { origins, ports } = world.platforms;
  const login = await client.createBlueskyAccount();
  const signIn = async (): Promise<string> => {
    const json = { identifier: login.did, password: login.appPassword };
    return stringOf((await call(`${origins.bluesky}/xrpc/com.atproto.server.createSession`, { json })).body.accessJwt);
  };
  const create = async (collection: string, record: object) => {
    const full = { $type: collection, createdAt: new Date().toISOString(), ...record };
    const json = { repo: login.did, collection, record: full };
    return call(`${origins.bluesky}/xrpc/com.atproto.repo.createRecord`, { token: await signIn(), json });
  };
  const { body } = await create('app.bsky.feed.post', { text: 'kept' });
  const likes = async (): Promise<unknown> => {
    const uri = encodeURIComponent(stringOf(body.uri));
    const { text } = await call(`${origins.appview}/xrpc/app.bsky.feed.getPosts?uris=${uri}`);
    return /"likeCount":(\d+)/.exec(text)?.[1];
  };
  await create('app.bsky.feed.like', { subject: { uri: body.uri, cid: body.cid } });
  await eventually(async () => ((await likes()) === '1' ? true : null));
  const before = await client.posts('bluesky');

  await killed(world.platforms.pid);
  await eventually(async () =>
    call(`http://127.0.0.1:${ports.pds}/xrpc/_health`).then(
      () => null,
      () => true,
    ),
  );
  await world.start();
  expect(world.platforms.origins).toEqual(origins);
  expect(await likes()).toBe('1');
  expect(await client.posts('bluesky')).toEqual(before);
  await client.reset();
  expect(await client.posts()).toEqual([]);
  expect((await client.createBlueskyAccount()).did).toMatch(/^did:plc:/);
});

test('a PDS that dies comes back by itself', async () => {
  const world = await newWorld({});
  const { did } = await world.client.createBlueskyAccount();
  await killed(childOf(world.platforms.pid));
  const url = `${world.platforms.origins.bluesky}/xrpc/com.atproto.repo.describeRepo?repo=${did}`;
  await eventually(async () => ((await call(url)).status === 200 ? true : null));
});

test.each([
  [
    "Error: The module 'x.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.",
    'another Node',
  ],
  [
    'Error: Could not locate the bindings file. Tried:\n → build/better_sqlite3.node',
    'neither a prebuilt addon nor a compiler',
  ],
  ["Error: Cannot find module '@atproto/pds'\nRequire stack:", 'not installed'],
])('why there is no Bluesky is told in one line: %j', (errors, words) => {
  const line = explainProbe(errors);
  expect(line).toContain(words);
  expect(line).not.toContain('\n');
});

test('a taken port is one clear line', async () => {
  const world = await newWorld({ bluesky: false });
  const other = await newWorld({ bluesky: false });
  await other.platforms.stop();
  const ports = { mastodon: world.platforms.ports.mastodon };
  const failing = startPlatforms({ dataDir: other.dataDir, bluesky: false, ports });
  await expect(failing).rejects.toThrow(/cannot start: listen EADDRINUSE.*127\.0\.0\.1/);
});

test('the control calls answer this machine’s own names only', async () => {
  const world = await newWorld({ bluesky: false });
  const control = new URL(world.platforms.origins.control);
  expect((await createPlatformsClient(control.origin).health()).bluesky).toBe('switched off');
  const { get } = await import('node:http');
  const status = await new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port: control.port,
      path: '/_control/health',
      headers: { host: 'evil.example' },
    };
    get(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
  expect(status).toBe(403);
});
