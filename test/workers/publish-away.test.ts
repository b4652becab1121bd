/** The database goes away under the publish worker for a moment: the publication goes out once, and soon. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { connectCommunity, createPost, eventually, getPublication } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let owner: Person;
let projectId: string;
let accountId: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  owner = await registerUser(world, 'Olivia Owner');
  projectId = (await createProject(world, owner)).id;
  accountId = (await connectCommunity(world, owner, projectId)).id;
});
beforeEach(() => world.faults.clear());
afterAll(() => world.close());

const lost = { action: 'drop' } as const;
const away = { action: 'error', error: 'DatabaseUnavailableException', times: 3 } as const;

test.each([
  ['before the lease', 'leasePublications:before', away, ['published']],
  ['when the lease was stored, and its answer lost', 'leasePublications:after', lost, ['published']],
  ['before the guard', 'guardCommits:before', { ...away, times: 1 }, ['retry', 'published']],
  ['when the guard was stored, and its answer lost', 'guardCommits:after', lost, ['retry', 'published']],
  ['before the settlement', 'settlePublications:before', away, ['published']],
  ['when the settlement was stored, and its answer lost', 'settlePublications:after', lost, ['published']],
] as const)('%s', async (_, point, fault, outcomes) => {
  world.faults.arm({ point: `data-api:${point}`, ...fault });
  const post = await createPost(world, owner, {
    projectId,
    text: 'Hello',
    schedule: { type: 'now' },
    publications: [{ accountId }],
  });
  const publicationId = post.publications[0]?.id ?? '';
  const ask = () => getPublication(world, owner, publicationId);
  const done = await eventually(ask, ({ state }) => state === 'published', 15_000);
  expect(done.attempts.map(({ outcome }) => outcome).toSorted()).toEqual([...outcomes].toSorted());
  const copies = await world.sql('select id from community_posts where publication_id = $1', [publicationId]);
  expect(copies).toHaveLength(1);
});
