/** Messages and workers that come too late: the row has gone on without them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../support/posts.ts';
import { sqsEvent } from '../support/queue-event.ts';
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
afterAll(() => world.close());

async function publish(schedule: unknown): Promise<string> {
  const publications = [{ accountId }];
  const post = await createPost(world, owner, { projectId, text: 'Hello', schedule, publications });
  const [publication] = post.publications;
  if (publication === undefined) throw new Error('a post has a publication');
  return publication.id;
}

const read = (id: string) => getPublication(world, owner, id);
const published = (id: string) =>
  eventually(
    () => read(id),
    ({ state }) => state === 'published',
  );

test('a message of an earlier claim does nothing; the claim that counts sends it', async () => {
  const id = await publish({ type: 'at', at: ahead(120) });
  expect(await read(id)).toMatchObject({ state: 'queued', generation: 1 });
  await world.sql('update post_publications set generation = generation + 1 where id = $1', [id]);
  await world.moveClock(120_000);
  await world.invoke('publish', sqsEvent({ kind: 'publish', publicationId: id, generation: 1 }));
  expect(await read(id)).toMatchObject({ state: 'queued', generation: 2, attempts: [] });
  await world.moveClock(180_000);
  await world.tick('sweep');
  expect(await published(id)).toMatchObject({ generation: 3, attempts: [{ generation: 3, outcome: 'published' }] });
  await world.moveClock(0);
});

test('a worker whose lease has ended is not let through to its commit', async () => {
  const heldMs = 10_000;
  const armedAt = performance.now();
  world.faults.arm({ point: 'data-api:guardCommits:before', action: 'delay', delayMs: heldMs });
  const id = await publish({ type: 'now' });
  await eventually(
    () => read(id),
    ({ state }) => state === 'publishing',
  );
  await world.moveClock(80_000);
  await world.tick('sweep');
  await published(id);
  const answeredMs = heldMs + 2_000 - (performance.now() - armedAt);
  await new Promise((resolve) => setTimeout(resolve, Math.max(1_000, answeredMs)));
  const { attempts, state } = await read(id);
  expect(state).toBe('published');
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'published']);
  expect(attempts.map(({ commitStartedAt }) => commitStartedAt !== null)).toEqual([false, true]);
  await world.moveClock(0);
});
