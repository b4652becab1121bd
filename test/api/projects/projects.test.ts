import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Project } from '../../../shared/projects/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let owner: Person;
let viewer: Person;
let stranger: Person;
beforeAll(async () => {
  world = await openWorld();
  [owner, viewer, stranger] = await Promise.all([
    registerUser(world, 'Olivia Owner'),
    registerUser(world, 'Victor Viewer'),
    registerUser(world, 'Sam Stranger'),
  ]);
});
afterAll(() => world.close());

const missing = '0198b9d0-0000-7000-8000-000000000000';
const page = z.object({ data: z.array(Project), nextCursor: z.string().nullable() });
const get = (person: Person, id: string) => world.call('GET', `/v1/projects/${id}`, { token: person.token });
const patch = (person: Person, id: string, json: unknown) =>
  world.call('PATCH', `/v1/projects/${id}`, { token: person.token, json });
const remove = (person: Person, id: string) => world.call('DELETE', `/v1/projects/${id}`, { token: person.token });
async function shared(role = 'viewer') {
  const project = await createProject(world, owner);
  await addMember(world, project.id, viewer, role);
  return project;
}

describe('create', () => {
  const create = (json: unknown, idempotencyKey?: string, person = owner) =>
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
    for (const name of ['a\0b', 'half \ud83d']) {
      const bad = await create({ name });
      expect([bad.status, bad.pointers]).toEqual([422, ['/body/name']]);
    }
  });

  test('50 requests with one Idempotency-Key make one project and get one answer', async () => {
    const json = { name: 'Only one' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(json, 'fifty')));
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
    const theirs = await create({ name: 'Key' }, 'my-key', stranger);
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
});

describe('list and get', () => {
  test('shows a member what is theirs, newest first, page by page', async () => {
    const person = await registerUser(world, 'Lister');
    const made = [];
    for (const name of ['one', 'two', 'three']) made.push((await createProject(world, person, name)).id);
    const list = async (query: string) =>
      (await world.call('GET', `/v1/projects?${query}`, { token: person.token })).json(page);
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(made.toReversed());
    expect(second.nextCursor).toBe(null);
    const twice = await world.call('GET', '/v1/projects?limit=1&limit=2', { token: person.token });
    expect([twice.status, twice.pointers]).toEqual([422, ['/query/limit']]);
  });

  test("a stranger's id is answered like a missing one", async () => {
    const project = await shared();
    expect((await get(viewer, project.id)).json(Project)).toMatchObject({ id: project.id, role: 'viewer' });
    const theirs = await get(stranger, project.id);
    const none = await get(stranger, missing);
    const plain = (text: string) => text.replace(/"(requestId|instance)":"[^"]*"/g, '');
    expect([theirs.status, theirs.code]).toEqual([404, 'not_found']);
    expect(plain(theirs.text)).toBe(plain(none.text));
    expect((await get(stranger, 'no-id')).code).toBe('not_found');
    const listed = (await world.call('GET', '/v1/projects', { token: stranger.token })).json(page).data;
    expect(listed.map(({ id }) => id)).not.toContain(project.id);
  });
});

describe('update', () => {
  test('changes the fields that are given and no other', async () => {
    const { id } = await createProject(world, owner, 'Before');
    await patch(owner, id, { description: 'About' });
    const renamed = (await patch(owner, id, { name: 'After', timeZone: 'Asia/Tokyo' })).json(Project);
    expect(renamed).toMatchObject({ name: 'After', description: 'About', timeZone: 'Asia/Tokyo', version: 3 });
    expect((await patch(owner, id, { description: null })).json(Project).description).toBe(null);
    expect((await get(owner, id)).json(Project)).toMatchObject({ name: 'After', description: null });
  });

  test.each(['viewer', 'reviewer', 'approver', 'editor'])('is not for a %s', async (role) => {
    const { id } = await shared(role);
    const answer = await patch(viewer, id, { name: 'Mine now' });
    expect([answer.status, answer.code]).toEqual([403, 'forbidden']);
    expect((await get(owner, id)).json(Project).name).toBe('Launch');
  });

  test('tells a stranger nothing', async () => {
    const { id } = await shared();
    expect((await patch(stranger, id, { name: 'Mine' })).code).toBe('not_found');
    expect((await patch(stranger, missing, { name: 'Mine' })).code).toBe('not_found');
  });
});

describe('delete', () => {
  test('takes the project away from everybody', async () => {
    const { id } = await shared();
    expect((await remove(owner, id)).status).toBe(204);
    for (const person of [owner, viewer]) expect((await get(person, id)).code).toBe('not_found');
    expect((await remove(owner, id)).code).toBe('not_found');
    expect((await patch(owner, id, { name: 'Again' })).code).toBe('not_found');
    expect(await world.sql('select from projects where id = $1 and deleted_at is not null', [id])).toHaveLength(1);
  });

  test('is for the owner alone', async () => {
    const { id } = await shared('editor');
    expect((await remove(viewer, id)).code).toBe('forbidden');
    expect((await remove(stranger, id)).code).toBe('not_found');
    expect((await get(owner, id)).status).toBe(200);
  });

  test('is refused while a publication still waits', async () => {
    const { id } = await createProject(world, owner);
    const publication = await waitingPublication(id);
    const answer = await remove(owner, id);
    expect([answer.status, answer.code]).toEqual([409, 'in_use']);
    await world.sql(`update post_publications set state = 'cancelled' where id = $1`, [publication]);
    expect((await remove(owner, id)).status).toBe(204);
  });
});

async function waitingPublication(projectId: string): Promise<unknown> {
  const [row] = await world.sql(
    `with account as (
       insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
       values ($1::uuid, 'community', $1::uuid::text, 'us', 'community') returning id
     ), post as (
       insert into posts (project_id, text, schedule_type, due_at) values ($1::uuid, 'Hello', 'at', now() + interval '1 hour')
       returning id, due_at
     )
     insert into post_publications (project_id, post_id, account_id, platform, state, due_at)
     select $1::uuid, post.id, account.id, 'community', 'scheduled', post.due_at from account, post returning id`,
    [projectId],
  );
  return row?.id;
}
