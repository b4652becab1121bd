/** How often a caller may ask: told with every answer, counted over all hosts, apart by class of door and by caller. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newApiKey } from '../../shared/auth/api-key.ts';
import { hashToken } from '../../shared/auth/tokens.ts';
import { type Answer, callOf } from '../support/call.ts';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { createSecretKeeper } from '../support/secrets.ts';
import { openWorld, type World } from '../support/world.ts';

const hourMs = 3_600_000;

let world: World;
let ada: Person;
let bob: Person;
let projectId: string;
/** What the clock was moved by: a wait begins where the refusal was. */
let aheadMs: number;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world, 'Ada Asks');
  bob = await registerUser(world, 'Bob Asks');
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

const allow = (rateClass: string, requests: number, windowS = 3_600) =>
  world.sql('update rate_limits set max_requests = $2, window_s = $3 where class = $1', [rateClass, requests, windowS]);
const me = (person: Person) => world.call('GET', '/v1/me', { token: person.token });
const create = (name: string) => world.call('POST', '/v1/projects', { token: ada.token, json: { name } });

function leftOf(answer: Answer): number {
  return Number(/^"\w+";r=(\d+);t=\d+$/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
}

test('every answer says what is allowed, what is left and for how long', async () => {
  await allow('read', 5, 60);
  const first = await me(ada);
  expect(first.headers.get('ratelimit-policy')).toBe('"read";q=5;w=60');
  expect(leftOf(first)).toBe(4);
  expect(leftOf(await me(ada))).toBe(3);
  const wrong = await world.call('GET', `/v1/projects/${ada.id}`, { token: ada.token });
  expect([wrong.status, leftOf(wrong)]).toEqual([404, 2]);
});

test('whoever goes over is refused until the window ends, and told when', async () => {
  await allow('read', 2, 60);
  await me(ada);
  await me(ada);
  const refused = await me(ada);
  expect([refused.status, refused.code]).toEqual([429, 'too_many_requests']);
  const waitS = Number(refused.headers.get('retry-after'));
  expect(waitS).toBeGreaterThan(0);
  expect(waitS).toBeLessThanOrEqual(60);
  expect(refused.headers.get('ratelimit')).toBe(`"read";r=0;t=${waitS}`);
  await world.moveClock(aheadMs + waitS * 1_000);
  expect((await me(ada)).status).toBe(200);
});

test('what one uses up is nobody else’s, and of no other class of doors', async () => {
  await allow('read', 1);
  await me(ada);
  expect((await me(ada)).status).toBe(429);
  expect((await me(bob)).status).toBe(200);
  expect((await create('Another class')).status).toBe(201);
});

test('every door that gives an upload form counts under uploads, which are limited apart from other writes', async () => {
  const doors = world.doors.flatMap(({ operation, contract }) =>
    contract.kind === 'endpoint' && contract.uses.bucket?.includes('presign-upload') ? [{ operation, contract }] : [],
  );
  expect(doors.map(({ operation, contract }) => [operation, contract.rate])).toEqual([
    ['createAvatar', 'upload'],
    ['createMedia', 'upload'],
  ]);
  await allow('upload', 2);
  const upload = (path: string, json: object) =>
    world.call('POST', path, { token: ada.token, json: { mimeType: 'image/png', bytes: 100, ...json } });
  const answers = [
    await upload('/v1/media', { projectId, fileName: 'a.png' }),
    await upload('/v1/me/avatar', {}),
    await upload('/v1/media', { projectId, fileName: 'b.png' }),
    await upload('/v1/me/avatar', {}),
  ];
  expect(answers.map(({ status, code }) => [status, code])).toEqual([
    [201, null],
    [201, null],
    [429, 'too_many_requests'],
    [429, 'too_many_requests'],
  ]);
  expect(answers.map(({ headers }) => headers.get('ratelimit')?.split(';').slice(0, 2).join(';'))).toEqual([
    '"upload";r=1',
    '"upload";r=0',
    '"upload";r=0',
    '"upload";r=0',
  ]);
  expect((await create('Not an upload')).status).toBe(201);
});

test('who is over writes nothing', async () => {
  await allow('write', 1);
  expect((await create('The first')).status).toBe(201);
  expect((await create('The second')).status).toBe(429);
  expect(await world.sql(`select 1 from projects where name = 'The second'`)).toEqual([]);
});

test('a request that was refused counts too', async () => {
  await create('Taken');
  await allow('write', 4);
  for (let turn = 0; turn < 2; turn++) expect((await create('Taken')).code).toBe('name_taken');
  // It is undone together with its statement, and counted by the next.
  expect((await create('Free')).status).toBe(201);
  expect((await create('Also free')).status).toBe(429);
});

test('whoever is refused each time goes over like anybody', async () => {
  await create('Refused');
  await allow('write', 5);
  const answers = [];
  for (let turn = 0; turn < 8; turn++) answers.push((await create('Refused')).code);
  expect(answers).toEqual([...Array(4).fill('name_taken'), ...Array(4).fill('too_many_requests')]);
});

test('what was refused for being too often costs nothing in the next window', async () => {
  await allow('read', 5, 60);
  for (let turn = 0; turn < 12; turn++) await me(ada);
  const refused = await me(ada);
  expect(refused.status).toBe(429);
  await world.moveClock(aheadMs + Number(refused.headers.get('retry-after')) * 1_000);
  expect(leftOf(await me(ada))).toBe(4);
});

test('a key has a count of its own, apart from its maker’s', async () => {
  const { key, prefix } = newApiKey();
  await world.sql(
    `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes) values ($1, $2, 'Build', $3, $4, '{projects:read}')`,
    [projectId, ada.id, prefix, hashToken(key)],
  );
  await allow('read', 1);
  const withKey = () => world.call('GET', `/v1/projects/${projectId}`, { token: key });
  expect((await withKey()).status).toBe(200);
  expect((await withKey()).status).toBe(429);
  expect((await me(ada)).status).toBe(200);
});

test('who is nobody is counted by address, of which no table holds a word', async () => {
  await allow('login', 2);
  await allow('write', 2);
  const login = () =>
    world.call('POST', '/v1/auth/login', { json: { email: 'nobody@example.com', password: 'x'.repeat(12) } });
  const answers = [await login(), await login(), await login()];
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 429]);
  const [counter] = await world.sql(`select caller from rate_counters`);
  expect(String(counter?.caller)).toMatch(/^address:[0-9a-f]{32}$/);
});

test('two hosts see one limit: of 60 at once exactly 20 are let through', async () => {
  const script = fileURLToPath(new URL('../support/second-host.ts', import.meta.url));
  const host = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(host.stdout, 'data');
    const there = callOf(String(line), world.doors, createSecretKeeper());
    const meThere = () => there('GET', '/v1/me', { token: ada.token });
    expect((await meThere()).status).toBe(200);
    await world.sql('delete from rate_counters');
    await allow('read', 20);
    const asked = Array.from({ length: 60 }, (_, turn) => (turn % 2 === 0 ? me(ada) : meThere()));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
    expect((await meThere()).status).toBe(429);
    await world.sql('delete from rate_counters');
    await allow('read', 3);
    const inTurn: number[] = [];
    for (const ask of [() => me(ada), meThere, () => me(ada), meThere]) inTurn.push((await ask()).status);
    expect(inTurn).toEqual([200, 200, 200, 429]);
  } finally {
    host.kill();
  }
});
