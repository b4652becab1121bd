/** Nothing that is accepted may be too large to be answered or listed: the Data API carries one megabyte. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Post } from '../../../shared/posts/shapes.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity, page } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let owner: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  owner = await registerUser(world, 'Olivia Owner');
  projectId = (await createProject(world, owner)).id;
  accountId = (await connectCommunity(world, owner, projectId)).id;
});
afterAll(() => world.close());

const send = (change: Record<string, unknown>) =>
  world.call('POST', '/v1/posts', {
    token: owner.token,
    json: { projectId, text: 'x', schedule: { type: 'draft' }, publications: [{ accountId, text: 'x' }], ...change },
  });

test('a list of posts as large as posts can be pages through all of them', async () => {
  const text = '\u0001'.repeat(100_000); // six bytes of JSON each
  const metadata = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key${index}`, 'ü'.repeat(30)]));
  const made: string[] = [];
  for (let index = 0; index < 12; index += 1) {
    const answer = await send(index % 3 === 0 ? { text, metadata } : { metadata });
    expect(answer.status, answer.text.slice(0, 300)).toBe(201);
    made.unshift(answer.json(Post).id);
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `projectId=${projectId}&limit=100${cursor === null ? '' : `&cursor=${cursor}`}`;
    const answer = await world.call('GET', `/v1/posts?${query}`, { token: owner.token });
    expect(answer.status).toBe(200);
    const { data, nextCursor } = answer.json(page(Post));
    seen.push(...data.map(({ id }) => id));
    cursor = nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual(made);
});

test.each([
  ['large metadata', { metadata: { a: 'x'.repeat(17_000) } }],
  ['numbers that grow', { metadata: { a: Array.from({ length: 100 }, () => 1e300) } }],
  ['a number that loses digits', { metadata: { a: Number.MAX_SAFE_INTEGER + 2 } }],
])('%s is refused before anything happens', async (_, change) => {
  const answer = await send(change);
  expect(answer.status).toBe(422);
  expect(answer.pointers[0]).toMatch(/^\/body\/metadata(\/|$)/);
});
