/** Counters are right whatever happens at once: likes, comments, follows, deletes, cascades, and the fold in the middle of it. */
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repairCounters } from '../../shared/community/upkeep-queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addPublication, addRow, addTenant, type Someone } from './seed.ts';

const WRITERS = 16;
const STEPS = 30;

let open: OpenDatabase;
let author: Someone;
let postId: string;
let otherPostId: string;

beforeAll(async () => {
  open = await openDatabase();
  author = await addPerson(open.sql, 'author');
  const tenant = await addTenant(open.sql, author.userId);
  const publish = async () =>
    addRow(open.sql, 'community_posts', {
      project_id: tenant.projectId,
      account_id: tenant.accountId,
      publication_id: await addPublication(open.sql, tenant, { state: 'published' }),
      text: 'Hello',
    });
  [postId, otherPostId] = [await publish(), await publish()];
});
afterAll(() => open.close());

/** The same every time it runs: a test that fails once can be looked at. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

/** What a person does through app.run; `$1` is the post, `$2` the author. */
const deeds: readonly string[] = [
  'select outcome from app.set_like($1::uuid, true)',
  'select outcome from app.set_like($1::uuid, true)',
  'select outcome from app.set_like($1::uuid, false)',
  "select outcome from app.add_comment($1::uuid, null, 'Nice')",
  `select outcome from app.add_comment($1::uuid, (select c.id from comments c where c.community_post_id = $1::uuid and c.is_standing
     order by md5(c.id::text || $2) limit 1), 'Indeed')`,
  `update comments set deleted_at = app.now() where id = (select c.id from comments c where c.author_id = app.user_id()
     and c.deleted_at is null limit 1) returning id`,
  `insert into user_engagement (user_id, comment_id, type) select app.user_id(), c.id, 'like' from comments c
   where c.community_post_id = $1::uuid and c.is_standing order by md5(c.id::text || $2) limit 1 on conflict do nothing returning id`,
  'delete from user_engagement where user_id = app.user_id() and comment_id is not null returning id',
  `insert into user_engagement (user_id, community_post_id, type)
   select app.user_id(), $1::uuid, t from unnest('{share,save,view,click}'::text[]) t on conflict do nothing returning id`,
  `delete from user_engagement where user_id = app.user_id() and community_post_id = $1::uuid and type in ('share', 'save') returning id`,
  `insert into user_followers (follower_id, following_id) values (app.user_id(), $2::uuid) on conflict do nothing returning id`,
  'delete from user_followers where follower_id = app.user_id() returning id',
];

/** What happens from outside meanwhile, to whatever it meets. */
const events: readonly string[] = [
  'delete from comments where id = (select id from comments where parent_id is null order by random() limit 1)',
  'update comments set hidden_at = case when hidden_at is null then app.now() end where id = (select id from comments order by random() limit 1)',
  `update community_posts set deleted_at = app.now() where id = '{other}'`,
  `update community_posts set deleted_at = null where id = '{other}'`,
  "delete from users where id = (select id from users where display_name = 'bystander' limit 1)",
];

async function act(person: Someone, seed: number): Promise<void> {
  const client = await open.login('api');
  const roll = dice(seed);
  const call = JSON.stringify({ kind: 'actor', ...person });
  for (let step = 0; step < STEPS; step += 1) {
    const text = deeds[roll(deeds.length)] ?? '';
    const post = text.includes('set_like') && roll(4) === 0 ? otherPostId : postId;
    try {
      await client.query('select app.run($1::jsonb, $2, $3::text[])', [call, text, `{${post},${author.userId}}`]);
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }
}

/** Who was deleted meanwhile has no session, and a comment may go before the reply to it is there. */
function isExpected(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['PH401', '23503', '42501'].includes(String(error.code));
}

/** Somebody who has liked, commented and followed, and will be deleted. */
async function addBystander(): Promise<void> {
  const { userId } = await addPerson(open.sql, 'bystander');
  for (const id of [postId, otherPostId]) {
    await addRow(open.sql, 'user_engagement', { user_id: userId, community_post_id: id, type: 'like' });
    await addRow(open.sql, 'comments', { author_id: userId, community_post_id: id, text: 'x' });
  }
  await addRow(open.sql, 'user_followers', { follower_id: userId, following_id: author.userId });
  await addRow(open.sql, 'user_followers', { follower_id: author.userId, following_id: userId });
}

async function interfere(client: pg.Client, isOver: () => boolean): Promise<number> {
  let folded = 0;
  for (let step = 0; !isOver(); step += 1) {
    await client.query((events[step % events.length] ?? '').replace('{other}', otherPostId));
    const { rows } = await client.query<{ folded: string }>('select folded from app.fold_counters(50)');
    folded += Number(rows[0]?.folded);
  }
  return folded;
}

const brute = `select
  (select count(*) from user_engagement e where e.community_post_id = $1 and e.type = 'like')::integer as likes,
  (select count(*) from user_engagement e where e.community_post_id = $1 and e.type = 'share')::integer as shares,
  (select count(*) from user_engagement e where e.community_post_id = $1 and e.type = 'save')::integer as saves,
  (select count(*) from user_engagement e where e.community_post_id = $1 and e.type = 'view')::integer as views,
  (select count(*) from user_engagement e where e.community_post_id = $1 and e.type = 'click')::integer as clicks,
  (select count(*) from comments c where c.community_post_id = $1 and c.deleted_at is null and c.hidden_at is null)::integer as comments`;
const counted = `select like_count::integer as likes, share_count::integer as shares, save_count::integer as saves,
  view_count::integer as views, click_count::integer as clicks, comment_count::integer as comments from app.post_counts(array[$1::uuid])`;

const wrongComments = `select c.id from comments c join app.comment_counts(array(select id from comments)) n on n.comment_id = c.id
  where n.like_count <> (select count(*) from user_engagement e where e.comment_id = c.id)
    or n.reply_count <> (select count(*) from comments r where r.parent_id = c.id and r.deleted_at is null and r.hidden_at is null)`;
const wrongPeople = `select u.id from users u join app.user_counts(array(select id from users)) n on n.user_id = u.id
  where n.followers_count <> (select count(*) from user_followers f where f.following_id = u.id)
    or n.following_count <> (select count(*) from user_followers f where f.follower_id = u.id)
    or n.posts_count <> (select count(*) from community_posts p where p.author_id = u.id and p.deleted_at is null)`;

async function expectTruth(): Promise<void> {
  for (const id of [postId, otherPostId]) {
    expect(await open.sql(counted, [id])).toEqual(await open.sql(brute, [id]));
  }
  expect(await open.sql(wrongComments)).toEqual([]);
  expect(await open.sql(wrongPeople)).toEqual([]);
}

it('sixteen people on one post, deletions and the fold at once lose nothing, and nobody waits in vain', async () => {
  const people: Someone[] = [];
  for (let n = 0; n < WRITERS; n += 1) people.push(await addPerson(open.sql, `writer${n}`));
  for (let n = 0; n < 40; n += 1) await addBystander();
  const outside = await open.database.connect();
  let over = false;
  const interfering = interfere(outside, () => over);
  try {
    await Promise.all(people.map((person, index) => act(person, index + 1)));
  } finally {
    over = true;
  }
  expect(await interfering).toBeGreaterThan(50);
  await outside.end();
  await expectTruth();
  const [some] = await open.sql(counted, [postId]);
  expect(Number(some?.comments)).toBeGreaterThan(0);

  await open.sql('select app.fold_counters(1000000)');
  expect(await open.sql('select id from counter_deltas')).toEqual([]);
  await expectTruth();
  const [kept] = await open.sql('select like_count::integer as likes from community_posts where id = $1', [postId]);
  expect(kept?.likes).toBe((await open.sql(counted, [postId]))[0]?.likes);
  expect(await open.worker.many(repairCounters, {})).toEqual([]);
});

it('the fold passes over what somebody holds, and takes it the next time', async () => {
  const person = await addPerson(open.sql, 'late');
  const before = await open.sql(counted, [postId]);
  await addRow(open.sql, 'user_engagement', { user_id: person.userId, community_post_id: postId, type: 'like' });
  await addRow(open.sql, 'user_engagement', { user_id: person.userId, community_post_id: otherPostId, type: 'like' });
  const holder = await open.database.connect();
  await holder.query('begin');
  await holder.query('select 1 from community_posts where id = $1 for update', [postId]);
  expect(await open.sql('select folded::integer from app.fold_counters(1000)')).toEqual([{ folded: 1 }]);
  await holder.query('rollback');
  await holder.end();
  expect(await open.sql('select folded::integer from app.fold_counters(1000)')).toEqual([{ folded: 1 }]);
  expect(await open.sql(counted, [postId])).toEqual([{ ...before[0], likes: Number(before[0]?.likes) + 1 }]);
});

it('repair finds what has drifted, exactly that, and mends it', async () => {
  const liker = await addPerson(open.sql, 'liker');
  // Not folded yet: it is counted, so it is no drift.
  await addRow(open.sql, 'user_engagement', { user_id: liker.userId, community_post_id: otherPostId, type: 'like' });
  const commentId = await addRow(open.sql, 'comments', {
    community_post_id: postId,
    author_id: liker.userId,
    text: 'x',
  });
  await open.sql('select app.fold_counters(1000)');
  const [truth] = await open.sql(counted, [postId]);
  await open.sql('update community_posts set like_count = like_count + 7, comment_count = 0 where id = $1', [postId]);
  await open.sql('update comments set reply_count = 3 where id = $1', [commentId]);
  await open.sql('update user_counters set posts_count = 9 where user_id = $1', [author.userId]);
  const [posts] = await open.sql(
    'select count(*)::integer as n from community_posts where author_id = $1 and is_standing',
    [author.userId],
  );

  const found = await open.worker.many(repairCounters, {});
  const drift = [
    { kind: 'comment', id: commentId, counter: 'reply_count', stored: 3, actual: 0 },
    { kind: 'post', id: postId, counter: 'comment_count', stored: 0, actual: truth?.comments },
    { kind: 'post', id: postId, counter: 'like_count', stored: Number(truth?.likes) + 7, actual: truth?.likes },
    { kind: 'user', id: author.userId, counter: 'posts_count', stored: 9, actual: posts?.n },
  ];
  expect(found).toEqual(drift);
  await expectTruth();
  expect(await open.worker.many(repairCounters, {})).toEqual([]);
});

it('a post or a person that goes takes the waiting deltas along, and everybody else’s counts stay right', async () => {
  const person = await addPerson(open.sql, 'passing');
  await addRow(open.sql, 'user_followers', { follower_id: person.userId, following_id: author.userId });
  await addRow(open.sql, 'user_engagement', { user_id: person.userId, community_post_id: otherPostId, type: 'save' });
  await open.sql('delete from users where id = $1', [person.userId]);
  await open.sql('delete from community_posts where id = $1', [otherPostId]);
  await open.sql('select app.fold_counters(1000)');
  expect(await open.sql('select id from counter_deltas')).toEqual([]);
  expect(await open.sql(wrongPeople)).toEqual([]);
  expect(await open.worker.many(repairCounters, {})).toEqual([]);
});

it('who takes a like back from somebody who is being deleted at that moment waits for nobody, and nobody for them', async () => {
  const [liker, going] = [await addPerson(open.sql, 'regretful'), await addPerson(open.sql, 'going')];
  const row = { community_post_id: postId, author_id: going.userId, text: 'Farewell' };
  const commentId = await addRow(open.sql, 'comments', row);
  await addRow(open.sql, 'user_engagement', { user_id: liker.userId, comment_id: commentId, type: 'like' });
  const [eraser, api] = [await open.database.connect(), await open.login('api')];
  await eraser.query('begin');
  await eraser.query('select 1 from users where id = $1 for update', [going.userId]);
  // In a transaction of its own, as the Data API allows: its locks stay while the other goes on.
  await api.query('begin');
  await api.query('set local lock_timeout = 2000');
  await api.query('select app.run($1::jsonb, $2, $3::text[])', [
    JSON.stringify({ kind: 'actor', ...liker }),
    'delete from user_engagement where user_id = app.user_id() and comment_id = $1::uuid returning id',
    `{${commentId}}`,
  ]);
  const erased = eraser.query('delete from users where id = $1', [going.userId]);
  await api.query('commit');
  await erased;
  await eraser.query('commit');
  await eraser.end();
  expect(await open.sql('select id from comments where id = $1', [commentId])).toEqual([]);
  expect(await open.sql(wrongComments)).toEqual([]);
  expect(await open.worker.many(repairCounters, {})).toEqual([]);
});
