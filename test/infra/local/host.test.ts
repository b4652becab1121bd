import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Host, startHost } from '../../../infra/local/host.ts';
import { isFree } from '../../../infra/local/ports.ts';
import { removePostgres } from '../../../infra/local/postgres.ts';

const doors = fileURLToPath(new URL('doors', import.meta.url));
let dataDir = '';
let host: Host;

function start(): Promise<Host> {
  return startHost({
    dataDir,
    doors,
    port: 0,
    source: 'source',
    durable: false,
    platforms: 'none',
    control: true,
    captureConsole: true,
    clock: false,
  });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'posthaste-host-'));
  await chmod(dataDir, 0o755);
  process.env.PROBE_FILE = join(dataDir, 'probe.txt');
  host = await start();
});
afterAll(async () => {
  await host?.stop();
  await removePostgres(dataDir);
  await rm(dataDir, { recursive: true, force: true });
});

async function seen(): Promise<string[]> {
  const text = await readFile(join(dataDir, 'probe.txt'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

async function until(check: () => Promise<boolean>, withinMs = 25_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`still not after ${withinMs} ms; seen: ${(await seen()).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${host.controlOrigin}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

async function health(): Promise<{ status: number; at: number; retryAfter: string | null }> {
  const response = await fetch(`${host.origin}/probe/health`);
  const { at } = z.looseObject({ at: z.string().default('') }).parse(await response.json());
  return { status: response.status, at: Date.parse(at), retryAfter: response.headers.get('retry-after') };
}

const addNote = (name: string, delayS = 0) =>
  fetch(`${host.origin}/probe/notes/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ delayS }),
  });

describe('what a person meets', () => {
  test('a request reaches its function, and through it the database', async () => {
    const { status, at } = await health();
    expect(status).toBe(200);
    expect(Math.abs(at - Date.now())).toBeLessThan(5_000);
  });

  test('the page at / links the inbox, and the inbox shows a mail that was sent', async () => {
    expect(await (await fetch(`${host.origin}/`)).text()).toContain('href="/inbox"');
    await new SESv2Client().send(
      new SendEmailCommand({
        FromEmailAddress: process.env.MAIL_FROM,
        Destination: { ToAddresses: ['ann@example.org'] },
        Content: { Simple: { Subject: { Data: 'Welcome' }, Body: { Text: { Data: 'Hello' } } } },
      }),
    );
    const response = await fetch(`${host.origin}/inbox.json?to=ann@example.org`);
    expect(await response.json()).toMatchObject({ data: [{ subject: 'Welcome', text: 'Hello' }] });
  });

  test('what is no route is answered by the $default door', async () => {
    const response = await fetch(`${host.origin}/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'no_such_route' });
  });
});

describe('what AWS does behind the requests', () => {
  test('a message reaches the worker of its queue, after its delay', async () => {
    const sentMs = Date.now();
    expect(await (await addNote('late', 1)).json()).toEqual({ unsent: 0 });
    await until(async () => (await seen()).includes('note late 1'));
    expect(Date.now() - sentMs).toBeGreaterThanOrEqual(990);
    // Before it could have come a second time.
    expect(Date.now() - sentMs).toBeLessThan(6_000);
  });

  test('a message whose worker reports it as failed comes again', async () => {
    await addNote('twice');
    // The visibility timeout is six times the worker's time-out of one second.
    await until(async () => (await seen()).includes('note twice 2'));
  });

  test('an upload under the prefix of a worker reaches it, any other does not', async () => {
    const s3 = new S3Client();
    for (const Key of ['renditions/a.jpg', 'uploads/b c.jpg']) {
      await s3.send(new PutObjectCommand({ Bucket: process.env.MEDIA_BUCKET, Key, Body: 'x' }));
    }
    await until(async () => (await seen()).includes('upload uploads/b+c.jpg'));
    expect((await seen()).filter((line) => line.startsWith('upload'))).toHaveLength(1);
    expect(await seen()).toContain('test event');
  });

  test('the environment names this machine alone', () => {
    for (const value of Object.values(host.environment)) {
      expect(value).not.toMatch(/amazonaws\.com/);
      if (value.startsWith('http')) expect(value).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
    }
    expect(process.env.AWS_ENDPOINT_URL).toBe(host.awsOrigin);
  });
});

describe('control calls', () => {
  test('a tick fires a schedule and waits for it', async () => {
    expect(await control('POST', '/tick', { schedule: 'beat' })).toEqual({ status: 200, body: {} });
    expect((await seen()).filter((line) => line === 'beat')).toHaveLength(1);
    expect(await control('POST', '/tick', { schedule: 'none' })).toMatchObject({ status: 500 });
  });

  test("the database's clock moves and moves back", async () => {
    const hourMs = 3_600_000;
    await control('POST', '/clock', { offsetMs: hourMs });
    expect(Math.abs((await health()).at - Date.now() - hourMs)).toBeLessThan(5_000);
    await control('POST', '/clock', { offsetMs: 0 });
    expect(Math.abs((await health()).at - Date.now())).toBeLessThan(5_000);
  });

  test('a fault strikes where it is armed, and points that were passed are told', async () => {
    await control('POST', '/faults', { point: 'sqs:SendMessageBatch:before', action: 'error', error: 'Throttled' });
    expect(await (await addNote('faulty')).json()).toEqual({ unsent: 1 });
    expect(await (await addNote('fine')).json()).toEqual({ unsent: 0 });
    const { body } = await control('GET', '/faults/seen');
    expect(body).toMatchObject({ 'data-api:databaseTime:before': expect.any(Number) });
    await control('DELETE', '/faults');
    expect(await control('POST', '/faults', { point: 'x', action: 'explode' })).toMatchObject({ status: 400 });
  });

  test('queues tell how much lies in them', async () => {
    await addNote('waiting', 300);
    const { body } = await control('GET', '/queues');
    expect(body).toMatchObject({ metrics: { delayed: 1 }, 'metrics-dead-letters': { visible: 0 } });
  });

  test('PostgreSQL away is a 503 with Retry-After; back again it answers', async () => {
    await control('POST', '/postgres', { action: 'stop' });
    const away = await health();
    expect(away.status).toBe(503);
    expect(Number(away.retryAfter)).toBeGreaterThan(0);
    await control('POST', '/postgres', { action: 'start' });
    expect((await health()).status).toBe(200);
  });

  test('PostgreSQL that dies is started again by itself', async () => {
    let before = '';
    // Between the death and the start there is no such file.
    const pid = () => readFile(join(host.databaseLocation, 'cluster', 'postmaster.pid'), 'utf8').catch(() => before);
    before = await pid();
    await control('POST', '/postgres', { action: 'kill' });
    await until(async () => (await pid()) !== before && (await health()).status === 200, 25_000);
  });
});

describe('stop and start', () => {
  test('stopping leaves nothing listening; the second start finds ports, keys, mails and messages', async () => {
    const before = host;
    await host.stop();
    await host.stop();
    for (const origin of [before.origin, before.awsOrigin, before.controlOrigin ?? '']) {
      expect(await isFree(Number(new URL(origin).port))).toBe(true);
    }
    host = await start();
    expect(host.awsOrigin).toBe(before.awsOrigin);
    expect(host.environment.SIGNING_KEYS_SECRET_ARN).toBe(before.environment.SIGNING_KEYS_SECRET_ARN);
    const inbox = await fetch(`${host.origin}/inbox.json`);
    expect(await inbox.json()).toMatchObject({ data: [{ subject: 'Welcome' }] });
    expect(await control('GET', '/queues')).toMatchObject({ body: { metrics: { delayed: 1 } } });
  });

  test('a start that fails stops what it had started', async () => {
    await host.stop();
    const secrets = join(dataDir, 'aws', 'secrets.json');
    const kept = await readFile(secrets);
    await writeFile(secrets, 'broken');
    await expect(start()).rejects.toThrow();
    expect(await isFree(Number(new URL(host.awsOrigin).port))).toBe(true);
    await writeFile(secrets, kept);
    host = await start();
    expect((await health()).status).toBe(200);
  });
});
