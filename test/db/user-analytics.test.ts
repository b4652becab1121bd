/** People's figures per day are what one counts from every event, whenever it came. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveUserAnalytics } from '../../shared/analytics/rollup-queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson } from './seed.ts';

const types = [
  'like',
  'unlike',
  'comment',
  'uncomment',
  'share',
  'unshare',
  'save',
  'unsave',
  'view',
  'click',
  'follow',
  'unfollow',
  'profile_view',
];
let open: OpenDatabase;
const people: string[] = [];

beforeAll(async () => {
  open = await openDatabase();
  for (const name of ['ann', 'ben', 'cat']) people.push((await addPerson(open.sql, name)).userId);
});
afterAll(() => open.close());

const derive = (limit: number) => open.worker.one(deriveUserAnalytics, { limit, settleS: 0 });

/** Events on any day of the last four weeks, around midnight more than elsewhere. */
const happen = (count: number, seed: number) =>
  open.sql(
    `insert into engagement_events (type, user_id, occurred_at, community_post_id, comment_id)
     select e.type, ($2::uuid[])[1 + n * 7 % 3], date_trunc('day', app.now()) - make_interval(days => (n * $3) % 28, secs => (n * 13) % 9 - 4),
       case when e.type in ('follow', 'unfollow', 'profile_view') then null else uuidv7() end,
       case when e.type in ('comment', 'uncomment') or (e.type in ('like', 'unlike') and n % 4 = 0) then uuidv7() end
     from generate_series(1, $1) n cross join lateral (select ($4::text[])[1 + (n * $3) % 13] as type) e`,
    [count, people, seed, types],
  );

const stored = () =>
  open.sql(`select user_id, day::text, profile_views, post_impressions, post_engagements, followers_gained, followers_lost, total_likes,
    total_comments, total_shares from user_analytics order by user_id, day`);

async function counted() {
  const events = await open.sql(
    `select user_id, (occurred_at at time zone 'UTC')::date::text as day, type, comment_id is not null as on_comment from engagement_events`,
  );
  const days = new Map<string, Record<string, unknown>>();
  for (const { user_id, day } of events) {
    const key = `${user_id} ${day}`;
    const all = events.filter((one) => one.user_id === user_id && one.day === day);
    const number = (...wanted: string[]) => all.filter((one) => wanted.includes(String(one.type))).length;
    const onPosts = (...wanted: string[]) =>
      all.filter((one) => wanted.includes(String(one.type)) && one.on_comment === false).length;
    days.set(key, {
      user_id,
      day,
      profile_views: number('profile_view'),
      post_impressions: number('view'),
      post_engagements: number('comment') + onPosts('like', 'share', 'save', 'click'),
      followers_gained: number('follow'),
      followers_lost: number('unfollow'),
      total_likes: onPosts('like') - onPosts('unlike'),
      total_comments: number('comment') - number('uncomment'),
      total_shares: number('share') - number('unshare'),
    });
  }
  return [...days.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

it('in batches, with late events, and again when nothing came', async () => {
  for (const [round, seed] of [5, 11, 3].entries()) {
    await happen(300, seed);
    for (let left = 300; left > 0; ) {
      const { events } = await derive(70 + round);
      expect(events).toBeGreaterThan(0);
      left -= events;
    }
    expect(await derive(70)).toEqual({ events: 0, days: 0 });
    expect(await stored()).toEqual(await counted());
  }
});

it('an event that is not committed yet is not lost to one that came after it', async () => {
  const slow = await open.database.connect();
  await slow.query('begin');
  await slow.query(`insert into engagement_events (type, user_id) values ('profile_view', $1)`, [people[0]]);
  await happen(5, 7);
  const patient = { limit: 100, settleS: 3_600 };
  expect(await open.worker.one(deriveUserAnalytics, patient)).toEqual({ events: 0, days: 0 });
  await slow.query('commit');
  await slow.end();
  expect((await derive(100)).events).toBe(6);
  expect(await stored()).toEqual(await counted());
});
