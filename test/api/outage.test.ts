/** PostgreSQL away for ten seconds while people work: what they hear, what is kept, and when what was due goes out. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../functions/_kit/problem.ts';
import { type Person, registerPerson } from '../../infra/local/demo/people.ts';
import { type Host, startHost } from '../../infra/local/host.ts';
import { removePostgres } from '../../infra/local/postgres.ts';
import { LOG_SINK } from '../../shared/log.ts';
import { ahead } from '../support/posts.ts';

const outageMs = 10_000;
const clients = 8;
/** Three seconds of patience, and what a busy machine takes. */
const answeredWithinMs = 12_000;
const outWithinS = 60;
const hangsAfterMs = 25_000;

let dataDir = '';
let host: Host;
let person: Person;
let token = '';
let projectId = '';
let accountId = '';
const logs: string[] = [];
const withId = z.looseObject({ id: z.string() });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'posthaste-outage-'));
  await chmod(dataDir, 0o755);
  Reflect.set(globalThis, LOG_SINK, (line: string) => void logs.push(line));
  host = await startHost({ dataDir, port: 0, source: 'source', platforms: 'none', control: true });
  await fetch(`${host.controlOrigin}/limits`, { method: 'POST', body: JSON.stringify({ maxRequests: 1_000_000 }) });
  person = await registerPerson(host.origin, 'Olga Outage');
  ({ accessToken: token } = await person.api.call(
    'POST',
    '/v1/auth/login',
    z.looseObject({ accessToken: z.string() }),
    {
      email: person.email,
      password: person.password,
    },
  ));
  projectId = (await person.api.call('POST', '/v1/projects', withId, { name: 'Outage' })).id;
  const connection = z.looseObject({ account: withId });
  const { account } = await person.api.call('POST', '/v1/accounts', connection, { projectId, platform: 'community' });
  accountId = account.id;
});
afterAll(async () => {
  await host?.stop();
  await removePostgres(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  Reflect.deleteProperty(globalThis, LOG_SINK);
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly sentAt: number;
  readonly ms: number;
}

async function ask(
  method: string,
  path: string,
  options: { json?: unknown; key?: string | null } = {},
): Promise<Answer> {
  const sentAt = Date.now();
  const response = await fetch(host.origin + path, {
    method,
    signal: AbortSignal.timeout(hangsAfterMs),
    headers: {
      authorization: `Bearer ${token}`,
      ...(options.json !== undefined && { 'content-type': 'application/json' }),
      ...(typeof options.key === 'string' && { 'idempotency-key': options.key }),
    },
    ...(options.json !== undefined && { body: JSON.stringify(options.json) }),
  });
  const text = await response.text();
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, text, retryAfter, sentAt, ms: Date.now() - sentAt };
}

/** One post that a client wants, and every answer it got for it. */
interface Wish {
  readonly text: string;
  readonly key: string | null;
  readonly answers: Answer[];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Due now or in some seconds; with a key it asks until it is told 201, without one it leaves it at the first answer. */
async function wishFor(number: number, wishes: Wish[]): Promise<void> {
  const key = number % 2 === 0 ? randomUUID() : null;
  const wish: Wish = { text: `Wish ${number}`, key, answers: [] };
  wishes.push(wish);
  const schedule =
    number % 3 === 0 ? { type: 'now' } : { type: 'at', at: ahead(key === null ? 2 + (number % 20) : 25) };
  const json = { projectId, text: wish.text, schedule, publications: [{ accountId }] };
  for (;;) {
    const answer = await ask('POST', '/v1/posts', { json, key });
    wish.answers.push(answer);
    if (key === null || answer.status === 201) return;
    await pause(500);
  }
}

async function control(action: 'stop' | 'start'): Promise<void> {
  const response = await fetch(`${host.controlOrigin}/postgres`, { method: 'POST', body: JSON.stringify({ action }) });
  expect(response.status).toBe(200);
}

async function sql<S extends z.ZodType>(row: S, text: string, values: readonly unknown[] = []): Promise<z.output<S>[]> {
  const login = z.object({ user: z.string(), password: z.string() });
  const [lines, superuser] = await Promise.all([
    readFile(join(host.databaseLocation, 'cluster', 'postmaster.pid'), 'utf8'),
    readFile(join(host.databaseLocation, 'superuser.json'), 'utf8'),
  ]);
  const port = Number(lines.split('\n')[3]);
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    database: 'posthaste',
    ...login.parse(JSON.parse(superuser)),
  });
  await client.connect();
  try {
    return z.array(row).parse((await client.query(text, [...values])).rows);
  } finally {
    await client.end();
  }
}

const unfinished = () =>
  sql(
    z.object({ state: z.string(), n: z.number() }),
    `select state, count(*)::integer as n from post_publications where state <> 'published' group by state`,
  );

test('ten seconds without PostgreSQL under load', { timeout: 240_000 }, async () => {
  const wishes: Wish[] = [];
  const reads: Answer[] = [];
  const healths: Answer[] = [];
  let working = true;
  let number = 0;
  const repeat = async (work: () => Promise<unknown>, everyMs: number) => {
    while (working) {
      await work();
      await pause(everyMs);
    }
  };
  const load = [
    ...Array.from({ length: clients }, () => repeat(() => wishFor(number++, wishes), 100)),
    repeat(async () => reads.push(await ask('GET', `/v1/posts?projectId=${projectId}`)), 100),
    repeat(async () => healths.push(await ask('GET', '/health')), 200),
  ];
  await pause(3_000);
  await control('stop');
  const awayAt = Date.now();
  await pause(outageMs);
  const backAt = Date.now();
  await control('start');
  const recoveredAt = Date.now();
  await pause(3_000);
  working = false;
  await Promise.all(load);

  const answers = [...wishes.flatMap((wish) => wish.answers), ...reads, ...healths];
  const during = answers.filter(({ sentAt, ms }) => sentAt >= awayAt && sentAt + ms <= backAt);
  const slowestMs = Math.max(...answers.map(({ ms }) => ms));
  expect(during.length).toBeGreaterThan(clients);
  expect(healths.filter(({ sentAt, ms }) => sentAt >= awayAt && sentAt + ms <= backAt).length).toBeGreaterThan(1);
  expect(new Set(during.map(({ status }) => status))).toEqual(new Set([503]));
  expect(slowestMs, 'nothing hangs').toBeLessThan(answeredWithinMs);
  for (const answer of answers.filter(({ status }) => status >= 400)) {
    const { code } = Problem.strict().parse(JSON.parse(answer.text));
    expect([answer.status, code, Number(answer.retryAfter) > 0]).toEqual([503, 'database_unavailable', true]);
  }
  expect(healths.at(-1)?.status).toBe(200);

  // Every write that was answered 2xx is there, once; a key stands for one post whatever was answered before.
  const posts = await sql(z.object({ id: z.string(), text: z.string() }), 'select id, text from posts');
  const idsOf = (text: string) => posts.filter((post) => post.text === text).map(({ id }) => id);
  for (const { text, key, answers: heard } of wishes) {
    const promised = heard
      .filter(({ status }) => status === 201)
      .map((answer) => withId.parse(JSON.parse(answer.text)).id);
    if (promised.length > 0) expect([text, idsOf(text)]).toEqual([text, promised]);
    else expect([text, key, idsOf(text).length]).toEqual([text, null, expect.toSatisfy((count: number) => count <= 1)]);
  }

  const giveUpAt = Date.now() + (outWithinS + 40) * 1_000;
  while ((await unfinished()).length > 0 && Date.now() < giveUpAt) await pause(500);
  expect(await unfinished()).toEqual([]);
  const published = await sql(
    z.object({ late: z.number(), copies: z.number() }),
    `select extract(epoch from pp.published_at - greatest(pp.due_at, $1::timestamptz))::float8 as late,
       (select count(*)::integer from community_posts c where c.publication_id = pp.id) as copies
     from post_publications pp`,
    [new Date(recoveredAt).toISOString()],
  );
  expect(published).toHaveLength(posts.length);
  expect(published.filter(({ copies }) => copies !== 1)).toEqual([]);
  const late = published.map((publication) => publication.late).toSorted((a, b) => a - b);
  expect(late.at(-1)).toBeLessThan(outWithinS);
  expect(logs.filter((line) => line.includes('"status":500'))).toEqual([]);
  const at = (share: number) => (late[Math.floor((late.length - 1) * share)] ?? 0).toFixed(1);
  process.stdout.write(
    `outage: ${posts.length} posts, ${during.length} answers while away, slowest ${slowestMs} ms; ` +
      `out after recovery or due time: median ${at(0.5)} s, p90 ${at(0.9)} s, last ${at(1)} s; ` +
      `PostgreSQL took ${recoveredAt - backAt} ms to start\n`,
  );
});
