import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Project } from '../../../shared/projects/shapes.ts';
import { type Cast, castOf } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
afterAll(() => world.close());

const create = (json: unknown, idempotencyKey?: string, person = cast.owner) =>
  world.call('POST', '/v1/projects', {
    token: person.token,
    json,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });

test('makes one the owner, in UTC unless one says otherwise', async () => {
  const answer = await create({ name: '  Spring launch ' });
  expect(answer.status).toBe(201);
  expect(answer.json(Project)).toMatchObject({
    name: 'Spring launch',
    description: null,
    timeZone: 'UTC',
    role: 'owner',
    version: 1,
  });
  const berlin = await create({ name: 'B', description: 'Für Berlin 🥨', timeZone: 'Europe/Berlin' });
  expect(berlin.json(Project)).toMatchObject({ description: 'Für Berlin 🥨', timeZone: 'Europe/Berlin' });
});

test('refuses what is no project, field by field', async () => {
  const answer = await create({ name: '', description: 7, timeZone: 'Europe/Atlantis', owner: 'me' });
  expect([answer.status, answer.code]).toEqual([422, 'invalid_request']);
  expect(answer.pointers.toSorted()).toEqual(['/body/description', '/body/name', '/body/owner', '/body/timeZone']);
  for (const name of ['a\0b', 'half \ud83d', 'two\nlines', 'bell\u0007', '\u200b', '\u2800 \u3164', '\ufe0f']) {
    const bad = await create({ name });
    expect([bad.status, bad.pointers]).toEqual([422, ['/body/name']]);
  }
});

test('50 requests with one Idempotency-Key make one project and get one answer', async () => {
  const json = { name: 'Only one' };
  // Nobody gets through before all are there: the one that runs waits for the table.
  const blocker = await world.database.connect();
  await blocker.query('begin');
  await blocker.query('lock table projects in share mode');
  const asking = Promise.all(Array.from({ length: 50 }, () => create(json, 'fifty')));
  await sleep(500);
  await blocker.query('commit');
  await blocker.end();
  const answers = await asking;
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ text }) => text)).size).toBe(1);
  for (const answer of answers.filter(({ status }) => status !== 201))
    expect([answer.status, answer.code]).toEqual([409, 'idempotency_in_flight']);
  expect(await world.sql('select from projects where name = $1', [json.name])).toHaveLength(1);
  expect((await create(json, 'fifty')).text).toBe(made[0]?.text);
});

test('another body under the same key is refused; another person may use the key too', async () => {
  const first = await create({ name: 'Key' }, 'my-key');
  const other = await create({ name: 'Other' }, 'my-key');
  expect([other.status, other.code]).toEqual([409, 'idempotency_mismatch']);
  const theirs = await create({ name: 'Key' }, 'my-key', cast.stranger);
  expect(theirs.status).toBe(201);
  expect(theirs.json(Project).id).not.toBe(first.json(Project).id);
  const bad = await create({ name: 'Key' }, 'k'.repeat(256));
  expect(bad.pointers).toEqual(['/headers/idempotency-key']);
});

test('a write whose answer was lost is repeated with the key and done once', async () => {
  world.faults.arm({ point: 'data-api:createProject:after', action: 'drop' });
  const answer = await create({ name: 'Answer lost' }, 'lost-1');
  expect(answer.status).toBe(201);
  expect(await world.sql('select from projects where name = $1', ['Answer lost'])).toHaveLength(1);
});

test('a name is given once; after the project is gone, and to somebody else, again', async () => {
  const first = (await create({ name: 'Twice' })).json(Project);
  const again = await create({ name: ' Twice ' });
  expect([again.status, again.code]).toEqual([409, 'name_taken']);
  expect((await create({ name: 'Twice' }, undefined, cast.stranger)).status).toBe(201);
  await world.call('DELETE', `/v1/projects/${first.id}`, { token: cast.owner.token });
  expect((await create({ name: 'Twice' })).status).toBe(201);
});
