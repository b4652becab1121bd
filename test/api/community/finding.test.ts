import { afterAll, beforeAll, expect, test } from 'vitest';
import { FoundPost } from '../../../shared/community/shapes.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity, page } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world, 'Ada');
  projectId = (await createProject(world, ada, 'Launch')).id;
  accountId = (await connectCommunity(world, ada, projectId)).id;
});
afterAll(() => world.close());

/** A published community post, as the publish worker leaves it. */
async function publish(text: string, visibility = 'public'): Promise<string> {
  const [row] = await world.sql(
    `with p as (insert into posts (project_id, text, schedule_type, due_at, created_by) values ($1, 'x', 'now', now(), $5) returning id),
      pub as (
        insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id)
        select $1, p.id, $2, 'community', 'published', now(), 'x' from p returning id)
    insert into community_posts (project_id, publication_id, account_id, text, visibility)
    select $1, pub.id, $2, $3, $4 from pub returning id`,
    [projectId, accountId, text, visibility, ada.id],
  );
  return String(row?.id);
}

const get = (path: string, who?: Person) => world.call('GET', path, { token: who?.token });
const textsOf = async (path: string, who?: Person) =>
  (await get(path, who)).json(page(FoundPost)).data.map(({ text }) => text);

test('search finds public posts for anybody, the best first, page by page', async () => {
  for (const text of ['A harbour at dawn', 'Fog again #harbour', 'Harbours of the north']) await publish(text);
  await publish('My harbour', 'private');
  await publish('The hidden harbour', 'unlisted');
  const wanted = ['Fog again #harbour', 'Harbours of the north', 'A harbour at dawn'];
  expect(await textsOf('/v1/community/search?q=harbour')).toEqual(wanted);
  expect(await textsOf('/v1/community/search?q=harbour', ada)).toEqual(wanted);
  const first = (await get('/v1/community/search?q=harbour&limit=2')).json(page(FoundPost));
  expect(first.data.map(({ text }) => text)).toEqual(wanted.slice(0, 2));
  expect(await textsOf(`/v1/community/search?q=harbour&limit=2&cursor=${first.nextCursor}`)).toEqual(wanted.slice(2));
  expect(first.data[0]).toMatchObject({
    author: { accountId, handle: 'launch' },
    writer: { userId: ada.id, displayName: 'Ada', username: null, avatarUrl: null },
    likeCount: 0,
    liked: false,
  });
});

test.each([
  ['q=x', '/query/q'],
  ['', '/query/q'],
  ['q=harbour&limit=0', '/query/limit'],
  ['q=harbour&sort=new', '/query/sort'],
])('search refuses ?%s', async (query, pointer) => {
  const answer = await get(`/v1/community/search?${query}`);
  expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_request', [pointer]]);
});

test('a cursor is good for its own list', async () => {
  await publish('A lighthouse');
  await publish('Another lighthouse');
  const { nextCursor } = (await get('/v1/community/search?q=lighthouse&limit=1')).json(page(FoundPost));
  for (const path of ['popular?', 'search?q=lighthouse&']) {
    const cursor = path.startsWith('popular') ? nextCursor : Buffer.from('popular-posts:1').toString('base64url');
    expect((await get(`/v1/community/${path}cursor=${cursor}`)).code).toBe('invalid_cursor');
  }
});

test('popular posts are ranked by what people did with them, and counted as of now', async () => {
  const [quiet, loud] = [await publish('Quiet'), await publish('Loud')];
  const eve = await registerUser(world, 'Eve');
  await world.call('PUT', `/v1/community/posts/${loud}/like`, { token: eve.token });
  await world.sql('select app.fold_counters(1000)');
  await world.sql('select app.refresh_popular_posts()');
  await world.call('PUT', `/v1/community/posts/${loud}/like`, { token: ada.token });
  const { data } = (await get('/v1/community/popular', eve)).json(page(FoundPost));
  expect(data[0]).toMatchObject({ id: loud, likeCount: 2, liked: true, writer: { userId: ada.id } });
  expect(data.map(({ id }) => id)).toContain(quiet);
  const first = (await get('/v1/community/popular?limit=1')).json(page(FoundPost));
  expect(first.data).toMatchObject([{ id: loud, liked: false }]);
  const second = (await get(`/v1/community/popular?limit=1&cursor=${first.nextCursor}`)).json(page(FoundPost));
  expect(second.data).toMatchObject([{ id: data[1]?.id }]);
});
