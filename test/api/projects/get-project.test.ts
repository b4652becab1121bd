import { afterAll, beforeAll, expect, test } from 'vitest';
import { Project } from '../../../shared/projects/shapes.ts';
import { type Cast, castOf, type Person, sharedProject } from '../../support/people.ts';
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

test("a stranger's id is answered like a missing one", async () => {
  const project = await sharedProject(world, cast, 'viewer');
  expect((await get(cast.viewer, project.id)).json(Project)).toMatchObject({ id: project.id, role: 'viewer' });
  const theirs = await get(cast.stranger, project.id);
  const none = await get(cast.stranger, missing);
  const plain = (text: string) => text.replace(/"(requestId|instance)":"[^"]*"/g, '');
  expect([theirs.status, theirs.code]).toEqual([404, 'not_found']);
  expect(plain(theirs.text)).toBe(plain(none.text));
  expect((await get(cast.stranger, 'no-id')).code).toBe('not_found');
});
