import { afterAll, beforeAll, expect, test } from 'vitest';
import { Project } from '../../../shared/projects/shapes.ts';
import { type Cast, castOf, createProject, type Person, sharedProject } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
afterAll(() => world.close());
const missing = '0198b9d0-0000-7000-8000-000000000000';
const get = (person: Person, id: string) => world.call('GET', `/v1/projects/${id}`, { token: person.token });
const patch = (person: Person, id: string, json: unknown) =>
  world.call('PATCH', `/v1/projects/${id}`, { token: person.token, json });

test('changes the fields that are given and no other', async () => {
  const { id } = await createProject(world, cast.owner, 'Before');
  await patch(cast.owner, id, { description: 'About' });
  const renamed = (await patch(cast.owner, id, { name: 'After', timeZone: 'Asia/Tokyo' })).json(Project);
  expect(renamed).toMatchObject({ name: 'After', description: 'About', timeZone: 'Asia/Tokyo', version: 3 });
  expect((await patch(cast.owner, id, { description: null })).json(Project).description).toBe(null);
  expect((await get(cast.owner, id)).json(Project)).toMatchObject({ name: 'After', description: null });
});

test.each(['viewer', 'reviewer', 'approver', 'editor'])('is not for a %s', async (role) => {
  const { id } = await sharedProject(world, cast, role);
  const answer = await patch(cast.viewer, id, { name: 'Mine now' });
  expect([answer.status, answer.code]).toEqual([403, 'forbidden']);
  expect((await get(cast.owner, id)).json(Project).name).toMatch(/^Launch /);
});

test('tells a stranger nothing', async () => {
  const { id } = await sharedProject(world, cast, 'viewer');
  expect((await patch(cast.stranger, id, { name: 'Mine' })).code).toBe('not_found');
  expect((await patch(cast.stranger, missing, { name: 'Mine' })).code).toBe('not_found');
});

test('the name of another project of its owner stays that one’s', async () => {
  const { id } = await createProject(world, cast.owner, 'Mine');
  await createProject(world, cast.owner, 'Also mine');
  const answer = await patch(cast.owner, id, { name: 'Also mine' });
  expect([answer.status, answer.code]).toEqual([409, 'name_taken']);
  expect((await get(cast.owner, id)).json(Project).name).toBe('Mine');
});
