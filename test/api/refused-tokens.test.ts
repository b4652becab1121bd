/** Who comes with a session or key that is nobody's may not ask without end, and locks nobody out who is somebody. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newApiKey } from '../../shared/auth/api-key.ts';
import { hashToken, issueAccessToken } from '../../shared/auth/tokens.ts';
import { type Answer, callOf } from '../support/call.ts';
import { postFrom } from '../support/from-address.ts';
import { createProject, login, type Person, registerUser } from '../support/people.ts';
import { createSecretKeeper } from '../support/secrets.ts';
import { openWorld, type World } from '../support/world.ts';

const hourMs = 3_600_000;

let world: World;
let ada: Person;
let projectId: string;
let aheadMs: number;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world, 'Ada Asks');
  projectId = (await createProject(world, ada)).id;
});
beforeEach(async () => {
  await world.sql('update rate_limits set max_requests = 100000000, window_s = 60');
  await world.sql('delete from rate_counters');
  // Windows begin at whole hours and minutes: none may end within a test.
  aheadMs = hourMs - (Date.now() % hourMs);
  await world.moveClock(aheadMs);
});
afterAll(() => world.close());

const allow = (rateClass: string, requests: number, windowS = 60) =>
  world.sql('update rate_limits set max_requests = $2, window_s = $3 where class = $1', [rateClass, requests, windowS]);
const projects = (token: string, call = world.call) => call('GET', '/v1/projects', { token });
const told = ({ status, code, headers }: Answer) => [status, code, headers.get('ratelimit')?.replace(/\d+$/, '')];

async function keyOf(scopes: string, person = ada): Promise<string> {
  const { key, prefix } = newApiKey();
  await world.sql(
    `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes) values ($1, $2, 'Build', $3, $4, $5)`,
    [projectId, person.id, prefix, hashToken(key), scopes],
  );
  return key;
}

async function endedSession(): Promise<string> {
  const { accessToken } = await login(world, ada.email);
  expect((await world.call('POST', '/v1/auth/logout', { token: accessToken })).status).toBe(204);
  return accessToken;
}

async function revokedKey(): Promise<string> {
  const key = await keyOf('{projects:read}');
  expect((await projects(key)).status).toBe(200);
  await world.sql('update api_keys set revoked_at = app.now() where key_hash = $1', [hashToken(key)]);
  return key;
}

async function deactivated(): Promise<string> {
  const person = await registerUser(world, 'Gone Away');
  await world.sql(`update users set status = 'deactivated' where id = $1`, [person.id]);
  return person.token;
}

const nobodys: readonly [string, () => Promise<string>][] = [
  ['a new key each time that nobody was given', async () => newApiKey().key],
  ['a session that has ended', endedSession],
  ['a key that was revoked', revokedKey],
  ['a session of who was deactivated', deactivated],
  ['a session of a person who never was', () => issueAccessToken({ userId: projectId, sessionId: projectId })],
];

test.each(nobodys)('%s is refused a few times, then told to wait', async (_name, make) => {
  const tokens = [await make(), await make(), await make(), await make()];
  await world.sql('delete from rate_counters');
  await allow('refused', 3);
  const answers = [];
  for (const token of tokens) answers.push(await projects(token));
  expect(answers.map(told)).toEqual([
    [401, 'unauthenticated', '"refused";r=2;t='],
    [401, 'unauthenticated', '"refused";r=1;t='],
    [401, 'unauthenticated', '"refused";r=0;t='],
    [429, 'too_many_requests', '"refused";r=0;t='],
  ]);
  for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toBe('"refused";q=3;w=60');
  const waitS = Number(answers[3]?.headers.get('retry-after'));
  expect(waitS).toBeGreaterThan(0);
  expect(waitS).toBeLessThanOrEqual(60);
  await world.moveClock(aheadMs + waitS * 1_000);
  expect((await projects(tokens[0] ?? '')).status).toBe(401);
});

test('they count together, whatever they are and whichever door they try', async () => {
  const [session, key] = [await endedSession(), await revokedKey()];
  await world.sql('delete from rate_counters');
  await allow('refused', 4);
  const tries = [
    await projects(newApiKey().key),
    await world.call('GET', '/v1/me', { token: session }),
    await world.call('POST', '/v1/projects', { token: session, json: { name: 'Mine' } }),
    await world.call('GET', `/v1/projects/${projectId}`, { token: key }),
    await world.call('POST', '/v1/projects', { token: session, json: { name: 'Mine' }, idempotencyKey: 'again' }),
  ];
  expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 401, 429]);
  expect(await world.sql(`select 1 from projects where name = 'Mine'`)).toEqual([]);
});

test('no table holds a word of the address, and a flood makes one row', async () => {
  await allow('refused', 3);
  for (let turn = 0; turn < 9; turn++) await projects(newApiKey().key);
  const counters = await world.sql('select caller, class, count from rate_counters');
  expect(counters).toEqual([{ caller: expect.stringMatching(/^address:[0-9a-f]{32}$/), class: 'refused', count: 3 }]);
});

test('who is somebody works on from the same address, and can sign in there', async () => {
  const key = await keyOf('{projects:read}');
  await allow('refused', 1);
  for (let turn = 0; turn < 5; turn++) await projects(newApiKey().key);
  expect((await projects(newApiKey().key)).status).toBe(429);
  expect((await projects(ada.token)).status).toBe(200);
  expect((await projects(key)).status).toBe(200);
  expect((await world.call('POST', '/v1/projects', { token: ada.token, json: { name: 'Here' } })).status).toBe(201);
  const { accessToken } = await login(world, ada.email);
  expect((await projects(accessToken)).status).toBe(200);
});

test('another address has a count of its own', async () => {
  const dead = await endedSession();
  await allow('refused', 1);
  const ask = (address: string) => {
    const headers = { authorization: `Bearer ${dead}` };
    return postFrom(world, { address, headers }, '/v1/projects', { name: 'From afar' });
  };
  const answers = [await ask('127.0.0.2'), await ask('127.0.0.2'), await ask('127.0.0.3'), await ask('127.0.0.3')];
  expect(answers.map(({ status }) => status)).toEqual([401, 429, 401, 429]);
  expect(answers[1]?.retryAfterS).toBeGreaterThan(0);
});

test('each costs one call of the database, and stands in the log with its code', async () => {
  const session = await endedSession();
  await world.sql('delete from rate_counters');
  await allow('refused', 1);
  const answers = [await projects(session), await projects(session), await projects(newApiKey().key)];
  const line = z.looseObject({ requestId: z.string(), code: z.string(), dataApiCalls: z.int() });
  const lines = answers.map(({ headers }) => {
    const id = String(headers.get('x-request-id'));
    return line.parse(JSON.parse(world.logs.find((text) => text.includes(id) && text.includes('"route"')) ?? ''));
  });
  expect(lines).toMatchObject([
    { status: 401, code: 'unauthenticated', dataApiCalls: 1, actorKind: 'user', actor: ada.id },
    { status: 429, code: 'too_many_requests', dataApiCalls: 1, actorKind: 'user', actor: ada.id },
    { status: 429, code: 'too_many_requests', dataApiCalls: 1, actorKind: 'key', actor: null },
  ]);
});

test('what is no token of ours asks no database', async () => {
  await allow('refused', 1);
  const [head, body] = ada.token.split('.');
  for (const token of [`${head}.${body}.${'A'.repeat(86)}`, 'phk_live_wrong', 'x']) {
    const answer = await projects(token);
    expect(told(answer)).toEqual([401, 'unauthenticated', undefined]);
  }
  expect(await world.sql('select caller from rate_counters')).toEqual([]);
});

test('two hosts see one limit: of 40 at once exactly 10 hear that they are nobody', async () => {
  const script = fileURLToPath(new URL('../support/second-host.ts', import.meta.url));
  const host = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(host.stdout, 'data');
    const there = callOf(String(line), world.doors, createSecretKeeper());
    expect((await projects(ada.token, there)).status).toBe(200);
    await allow('refused', 10, 3_600);
    const asked = Array.from({ length: 40 }, (_, turn) =>
      projects(newApiKey().key, turn % 2 === 0 ? world.call : there),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    await world.sql('delete from rate_counters');
    await allow('refused', 3, 3_600);
    const inTurn: number[] = [];
    for (const call of [world.call, there, world.call, there])
      inTurn.push((await projects(newApiKey().key, call)).status);
    expect(inTurn).toEqual([401, 401, 401, 429]);
    expect((await projects(ada.token, there)).status).toBe(200);
  } finally {
    host.kill();
  }
});

describe('who is known, and refused', () => {
  test('for a scope that the key has not, goes over like anybody', async () => {
    const key = await keyOf('{posts:read}');
    await allow('read', 3);
    const answers = [];
    for (let turn = 0; turn < 5; turn++) answers.push(await projects(key));
    expect(answers.map(told)).toEqual([
      [403, 'scope_missing', '"read";r=2;t='],
      [403, 'scope_missing', '"read";r=1;t='],
      [403, 'scope_missing', '"read";r=0;t='],
      [429, 'too_many_requests', '"read";r=0;t='],
      [429, 'too_many_requests', '"read";r=0;t='],
    ]);
    expect((await projects(ada.token)).status).toBe(200);
    const [keyLine] = world.logs.filter((text) => text.includes('"scope_missing"')).slice(-1);
    expect(JSON.parse(keyLine ?? '')).toMatchObject({ status: 403, actorKind: 'key', keyOwner: ada.id });
  });

  test('for not having proven themselves, too', async () => {
    await world.sql('update user_sessions set elevated_until = null where user_id = $1', [ada.id]);
    await allow('write', 2);
    const codes = [];
    for (let turn = 0; turn < 4; turn++) {
      codes.push((await world.call('DELETE', `/v1/projects/${projectId}`, { token: ada.token })).code);
    }
    expect(codes).toEqual(['step_up_needed', 'step_up_needed', 'too_many_requests', 'too_many_requests']);
  });

  test('a dead session of theirs does not pay for what the living one still owes', async () => {
    const dead = await endedSession();
    await world.call('POST', '/v1/projects', { token: ada.token, json: { name: 'Owed' } });
    await world.sql('delete from rate_counters');
    await allow('write', 2);
    const take = () => world.call('POST', '/v1/projects', { token: ada.token, json: { name: 'Owed' } });
    const codes = [];
    for (let turn = 0; turn < 4; turn++) {
      codes.push((await take()).code);
      await world.call('POST', '/v1/projects', { token: dead, json: { name: 'Owed' } });
    }
    expect(codes.slice(-2)).toEqual(['too_many_requests', 'too_many_requests']);
  });
});

test.each<[string, (bob: Person, own: string) => Promise<Answer>]>([
  ['username_taken', ({ token }) => world.call('PATCH', '/v1/me', { token, json: { username: 'taken.name' } })],
  ['last_owner', ({ token }, own) => world.call('POST', `/v1/projects/${own}/leave`, { token })],
])('whoever is told %s each time goes over like anybody', async (code, ask) => {
  const bob = await registerUser(world, 'Bob Asks');
  const own = (await createProject(world, bob)).id;
  await world.call('PATCH', '/v1/me', { token: ada.token, json: { username: 'taken.name' } });
  await world.sql('delete from rate_counters');
  await allow('write', 5);
  const codes = [];
  for (let turn = 0; turn < 20; turn++) codes.push((await ask(bob, own)).code);
  expect(codes).toEqual([...Array(5).fill(code), ...Array(15).fill('too_many_requests')]);
});
