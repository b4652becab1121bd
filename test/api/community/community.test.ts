import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Comment, CommunityPost, Like } from '../../../shared/community/shapes.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity, page } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let eve: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
  eve = await registerUser(world, 'Eve');
  projectId = (await createProject(world, ada, 'Launch')).id;
  accountId = (await connectCommunity(world, ada, projectId)).id;
});
afterAll(() => world.close());

/** A published community post, as the publish worker leaves it. */
async function publish(visibility: string): Promise<string> {
  const [row] = await world.sql(
    `with p as (insert into posts (project_id, text, schedule_type, due_at) values ($1, 'x', 'now', now()) returning id),
      pub as (
        insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id)
        select $1, p.id, $2, 'community', 'published', now(), 'x' from p returning id)
    insert into community_posts (project_id, publication_id, account_id, text, visibility)
    select $1, pub.id, $2, 'Hello', $3 from pub returning id`,
    [projectId, accountId, visibility],
  );
  return String(row?.id);
}

const get = (id: string, who?: Person) => world.call('GET', `/v1/community/posts/${id}`, { token: who?.token });
const like = (id: string, who: Person) => world.call('PUT', `/v1/community/posts/${id}/like`, { token: who.token });
const unlike = (id: string, who: Person) =>
  world.call('DELETE', `/v1/community/posts/${id}/like`, { token: who.token });
const comment = (id: string, who: Person, json: Record<string, unknown>) =>
  world.call('POST', `/v1/community/posts/${id}/comments`, { token: who.token, json });
const Made = z.object({ comment: Comment, commentCount: z.int() });

test.each([
  ['public', [200, 200, 200]],
  ['unlisted', [200, 200, 200]],
  ['private', [404, 404, 200]],
  ['followers_only', [404, 404, 200]],
])('a %s post is seen by nobody, a stranger, a member as it should', async (visibility, statuses) => {
  const id = await publish(visibility);
  const answers = [await get(id), await get(id, eve), await get(id, ada)];
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  expect(answers[2]?.json(CommunityPost)).toMatchObject({ text: 'Hello', author: { accountId, handle: 'launch' } });
  const other = answers[0]?.status === 404 ? 404 : null;
  expect((await like(id, eve)).status).toBe(other ?? 200);
  expect((await comment(id, eve, { text: 'Hi' })).status).toBe(other ?? 201);
  expect((await world.call('GET', `/v1/community/posts/${id}/comments`)).status).toBe(other ?? 200);
});

test('liking twice is liking once, and taking it back twice is fine', async () => {
  const id = await publish('public');
  const [first, second] = [await like(id, eve), await like(id, eve)];
  expect([first.json(Like), second.json(Like)]).toEqual(Array(2).fill({ liked: true, likeCount: 1 }));
  expect((await get(id, eve)).json(CommunityPost)).toMatchObject({ liked: true, likeCount: 1 });
  expect((await get(id)).json(CommunityPost)).toMatchObject({ liked: false, likeCount: 1 });
  expect((await unlike(id, eve)).json(Like)).toEqual({ liked: false, likeCount: 0 });
  expect((await unlike(id, eve)).json(Like)).toEqual({ liked: false, likeCount: 0 });
});

test('likes at the same moment are all counted, and each answer counts at least itself', async () => {
  const id = await publish('public');
  const people: Person[] = [];
  for (let n = 0; n < 8; n += 1) people.push(await registerUser(world, 'Fan'));
  const counts = await Promise.all(people.map(async (person) => (await like(id, person)).json(Like).likeCount));
  expect(counts.filter((count) => count < 1 || count > 8)).toEqual([]);
  expect((await get(id)).json(CommunityPost).likeCount).toBe(8);
});

test('comments and replies are counted, listed newest first, and taken away by their author alone', async () => {
  const id = await publish('public');
  const first = (await comment(id, eve, { text: '  First <b>!  ' })).json(Made);
  expect(first).toMatchObject({
    commentCount: 1,
    comment: { text: 'First <b>!', author: { displayName: 'Eve' }, parentId: null },
  });
  expect((await comment(id, eve, { text: '\u2800\u200b' })).pointers).toEqual(['/body/text']);
  const reply = (await comment(id, ada, { text: 'Thanks', parentId: first.comment.id })).json(Made);
  expect(reply).toMatchObject({ commentCount: 2, comment: { parentId: first.comment.id } });
  const list = (await world.call('GET', `/v1/community/posts/${id}/comments`)).json(page(Comment)).data;
  expect(list).toEqual([reply.comment, first.comment]);
  const first1 = await world.call('GET', `/v1/community/posts/${id}/comments?limit=1`);
  const { nextCursor } = first1.json(page(Comment));
  const rest = await world.call('GET', `/v1/community/posts/${id}/comments?cursor=${nextCursor}`);
  expect(rest.json(page(Comment))).toEqual({ data: [first.comment], nextCursor: null });

  const remove = (who: Person) =>
    world.call('DELETE', `/v1/community/comments/${first.comment.id}`, { token: who.token });
  expect((await remove(ada)).code).toBe('forbidden');
  expect((await remove(eve)).status).toBe(204);
  expect((await remove(eve)).code).toBe('not_found');
  expect((await get(id)).json(CommunityPost).commentCount).toBe(1);
});

test('a reply belongs to a comment of the same post', async () => {
  const [one, other] = [await publish('public'), await publish('public')];
  const { comment: parent } = (await comment(one, eve, { text: 'Here' })).json(Made);
  expect((await comment(other, eve, { text: 'There', parentId: parent.id })).code).toBe('not_found');
});

test('a removed post takes neither likes nor comments', async () => {
  const id = await publish('public');
  await world.sql('update community_posts set deleted_at = now() where id = $1', [id]);
  for (const answer of [
    await get(id, ada),
    await like(id, ada),
    await unlike(id, ada),
    await comment(id, ada, { text: 'x' }),
  ]) {
    expect([answer.status, answer.code]).toEqual([404, 'not_found']);
  }
});

test('a key repeats the request however the id is written', async () => {
  const id = await publish('public');
  const once = (written: string) =>
    world.call('POST', `/v1/community/posts/${written}/comments`, {
      token: eve.token,
      json: { text: 'Once' },
      idempotencyKey: 'one-comment',
    });
  const [first, second] = [await once(id), await once(id.toUpperCase())];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.json(Made)).toEqual(first.json(Made));
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await world.sql('select 1 from comments where community_post_id = $1', [id])).toHaveLength(1);
});

test('an empty comment says nothing', async () => {
  const answer = await comment(await publish('public'), eve, { text: '   ' });
  expect([answer.code, answer.pointers]).toEqual(['invalid_request', ['/body/text']]);
});
