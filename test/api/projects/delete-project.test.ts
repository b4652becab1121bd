import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cast, castOf, createProject, type Person, sharedProject } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
afterAll(() => world.close());
const get = (person: Person, id: string) => world.call('GET', `/v1/projects/${id}`, { token: person.token });
const patch = (person: Person, id: string, json: unknown) =>
  world.call('PATCH', `/v1/projects/${id}`, { token: person.token, json });
const remove = (person: Person, id: string) => world.call('DELETE', `/v1/projects/${id}`, { token: person.token });

test('takes the project away from everybody', async () => {
  const { id } = await sharedProject(world, cast, 'viewer');
  expect((await remove(cast.owner, id)).status).toBe(204);
  for (const person of [cast.owner, cast.viewer]) expect((await get(person, id)).code).toBe('not_found');
  expect((await remove(cast.owner, id)).code).toBe('not_found');
  expect((await patch(cast.owner, id, { name: 'Again' })).code).toBe('not_found');
  expect(await world.sql('select from projects where id = $1 and deleted_at is not null', [id])).toHaveLength(1);
});

test('is for the owner alone', async () => {
  const { id } = await sharedProject(world, cast, 'editor');
  await waitingPublication(id);
  const refused = await remove(cast.viewer, id);
  expect([refused.code, refused.pointers]).toEqual(['forbidden', []]);
  expect((await remove(cast.stranger, id)).code).toBe('not_found');
  expect((await get(cast.owner, id)).status).toBe(200);
});

test('is refused while a publication still waits, which it names', async () => {
  const { id } = await createProject(world, cast.owner);
  const publication = await waitingPublication(id);
  const answer = await remove(cast.owner, id);
  expect([answer.status, answer.code]).toEqual([409, 'in_use']);
  expect(answer.pointers).toEqual([`/publications/${publication}`]);
  await world.sql(`update post_publications set state = 'cancelled' where id = $1`, [publication]);
  expect((await remove(cast.owner, id)).status).toBe(204);
});

async function waitingPublication(projectId: string): Promise<unknown> {
  const [row] = await world.sql(
    `with account as (
       insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
       values ($1::uuid, 'community', $1::uuid::text, $1::uuid::text, 'community') returning id
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
