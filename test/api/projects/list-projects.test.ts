import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Project } from '../../../shared/projects/shapes.ts';
import { type Cast, castOf, createProject, type Person, registerUser, sharedProject } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
afterAll(() => world.close());
const page = pageOf(Project);

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

test('shows a member every project and a stranger none of them', async () => {
  const project = await sharedProject(world, cast, 'viewer');
  const idsOf = async (person: Person) => {
    const { data } = (await world.call('GET', '/v1/projects', { token: person.token })).json(page);
    return data.map(({ id, role }) => [id, role]);
  };
  expect(await idsOf(cast.owner)).toContainEqual([project.id, 'owner']);
  expect(await idsOf(cast.viewer)).toContainEqual([project.id, 'viewer']);
  expect(await idsOf(cast.stranger)).toEqual([]);
});

test('refuses a cursor that no list made', async () => {
  const answer = await world.call('GET', '/v1/projects?cursor=x', { token: cast.owner.token });
  expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_cursor', ['/query/cursor']]);
});
