/** Following, the feed, profiles, and the events that come of what people do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishToCommunity } from '../../shared/community/queries.ts';
import { json } from '../../shared/db/parameters.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addPerson, addPublication, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let author: Someone;
let reader: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  [author, reader] = [await addPerson(open.sql, 'author'), await addPerson(open.sql, 'reader')];
  tenant = await addTenant(open.sql, author.userId);
});
afterAll(() => open.close());

const publish = async (text: string, more: Readonly<Record<string, unknown>> = {}) =>
  addRow(open.sql, 'community_posts', {
    project_id: tenant.projectId,
    account_id: tenant.accountId,
    publication_id: await addPublication(open.sql, tenant, { state: 'published' }),
    text,
    ...more,
  });

async function as(person: Someone, text: string, parameters: readonly string[] = []): Promise<Row[]> {
  const client = await open.login('api');
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    JSON.stringify({ kind: 'actor', ...person }),
    text,
    parameters,
  ]);
  const lines = rows.map(({ part }) => part).join('');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const follow = (person: Someone, whom: string, on = true) =>
  as(person, 'select outcome, followers_count from app.set_follow($1::uuid, $2::boolean)', [whom, String(on)]);
const sees = async (person: Someone, id: string) =>
  (await as(person, 'select id from community_posts where id = $1::uuid', [id])).length === 1;
const eventsOf = async (person: Someone) =>
  (
    await open.sql(
      'select type, count(*)::integer as n from engagement_events where user_id = $1 and occurred_at > app.now() - interval $$1 day$$ group by type order by type',
      [person.userId],
    )
  ).map(({ type, n }) => `${type} ${n}`);

it('a post comes into the community with its author and its place, without the labels of the team', async () => {
  const publicationId = await addPublication(open.sql, tenant, { state: 'published' });
  await open.sql(
    `update posts set tags = '{unhappy client}', location = 'Oslo', created_by = $2 where id = (select post_id from post_publications where id = $1)`,
    [publicationId, reader.userId],
  );
  const made = await open.worker.one(publishToCommunity, {
    publicationId,
    text: 'Hi',
    media: json([]),
    visibility: 'public',
  });
  const rows = await open.sql('select author_id, location, tags from community_posts where id = $1', [made.id]);
  expect(rows).toEqual([{ author_id: reader.userId, location: 'Oslo', tags: [] }]);
});

describe('following', () => {
  it('opens what is for followers, and ending it closes that again', async () => {
    const postId = await publish('For friends', { visibility: 'followers_only' });
    expect(await sees(reader, postId)).toBe(false);
    expect(await follow(reader, author.userId)).toEqual([{ outcome: 'ok', followers_count: 1 }]);
    expect(await follow(reader, author.userId)).toEqual([{ outcome: 'ok', followers_count: 1 }]);
    expect(await sees(reader, postId)).toBe(true);
    expect(await as(reader, 'select outcome from app.set_like($1::uuid, true)', [postId])).toEqual([{ outcome: 'ok' }]);
    expect(await follow(reader, author.userId, false)).toEqual([{ outcome: 'ok', followers_count: 0 }]);
    expect(await sees(reader, postId)).toBe(false);
  });

  it('is of others who are there', async () => {
    expect(await follow(reader, reader.userId)).toEqual([{ outcome: 'not_found', followers_count: null }]);
    const gone = await addPerson(open.sql, 'gone');
    await open.sql('update users set deleted_at = app.now() where id = $1', [gone.userId]);
    expect(await follow(reader, gone.userId)).toEqual([{ outcome: 'not_found', followers_count: null }]);
  });
});

describe('a profile', () => {
  it('shows to everybody what is public of a person, and nothing else', async () => {
    await open.sql("update users set username = 'lin', bio = 'Sails' where id = $1", [author.userId]);
    const [found] = await open.sql('select * from app.profiles(array[$1::uuid])', [author.userId]);
    expect(found).toMatchObject({ username: 'lin', display_name: 'author', bio: 'Sails', avatar_key: null });
    expect(Object.keys(found ?? {})).toEqual([
      ...['user_id', 'username', 'display_name', 'bio', 'avatar_url', 'avatar_key'],
      ...['followers_count', 'following_count', 'posts_count', 'created_at'],
    ]);
  });

  it('of somebody who is deactivated is not there', async () => {
    const { userId } = await addPerson(open.sql, 'away');
    await open.sql("update users set status = 'deactivated' where id = $1", [userId]);
    expect(await open.sql('select 1 from app.profiles(array[$1::uuid])', [userId])).toEqual([]);
  });
});

describe('events', () => {
  it('tell everything that changes somebody’s figures, also that it was taken back', async () => {
    const [star, fan] = [await addPerson(open.sql, 'star'), await addPerson(open.sql, 'fan')];
    const postId = await publish('Hello', { author_id: star.userId });
    await follow(fan, star.userId);
    await follow(fan, star.userId, false);
    for (const liked of ['true', 'true', 'false']) {
      await as(fan, 'select outcome from app.set_like($1::uuid, $2::boolean)', [postId, liked]);
    }
    for (const kind of ['view', 'view', 'click', 'share', 'share', 'save']) {
      const engaged = await as(fan, `select outcome from app.engage($1::uuid, $2, '{"surface": "feed"}')`, [
        postId,
        kind,
      ]);
      expect(engaged).toEqual([{ outcome: 'ok' }]);
    }
    await as(fan, "delete from user_engagement where user_id = app.user_id() and type = 'share' returning id");
    const [said] = await as(fan, "select id from app.add_comment($1::uuid, null, 'Nice')", [postId]);
    await as(star, "select outcome from app.add_comment($1::uuid, $2::uuid, 'Thanks')", [postId, String(said?.id)]);
    await as(fan, 'update comments set deleted_at = app.now() where id = $1::uuid returning id', [String(said?.id)]);
    for (const viewer of [fan, fan, star]) {
      expect(await as(viewer, 'select outcome from app.view_profile($1::uuid)', [star.userId])).toEqual([
        { outcome: 'ok' },
      ]);
    }
    // Each view and click is told; a share, a save and a like once.
    const told = [
      'click 1',
      'comment 2',
      'follow 1',
      'like 1',
      'profile_view 2',
      'save 1',
      'share 1',
      'uncomment 1',
      'unfollow 1',
      'unlike 1',
      'unshare 1',
      'view 2',
    ];
    expect(await eventsOf(star)).toEqual(told);
    const [counts] = await open.sql('select view_count::integer as views from app.post_counts(array[$1::uuid])', [
      postId,
    ]);
    expect(counts).toEqual({ views: 1 });

    // A post that goes takes nothing back from history; the person who did it leaves the deed behind.
    await open.sql('delete from community_posts where id = $1', [postId]);
    await open.sql('delete from users where id = $1', [fan.userId]);
    expect(await eventsOf(star)).toEqual(told);
    const actors = await open.sql(
      'select distinct actor_id from engagement_events where user_id = $1 and type = $$view$$',
      [star.userId],
    );
    expect(actors).toEqual([{ actor_id: null }]);
  });

  it('of what one cannot see are none', async () => {
    const postId = await publish('Mine', { visibility: 'private' });
    const engaged = await as(reader, `select outcome from app.engage($1::uuid, 'view', '{}')`, [postId]);
    expect(engaged).toEqual([{ outcome: 'not_found' }]);
    const liked = await as(reader, `select outcome from app.engage($1::uuid, 'like', '{}')`, [await publish('Public')]);
    expect(liked).toEqual([{ outcome: 'not_found' }]);
  });

  it('are never changed, not even by the owner of the schema', async () => {
    for (const text of ["update engagement_events set type = 'view'", 'delete from engagement_events']) {
      await expect(open.sql(text)).rejects.toMatchObject({ code: 'PH008' });
    }
  });
});

describe('the feed', () => {
  const ranked = async (person: Someone) => {
    await as(person, 'select items from app.rank_feed()');
    const rows = await as(
      person,
      `select p.text, f.reason from feed_items f join community_posts p on p.id = f.community_post_id order by f.score desc, f.id desc`,
    );
    return rows.map(({ text, reason }) => `${text} (${reason})`);
  };

  it('has who one follows before what is featured, newest first, and nothing that one may not see', async () => {
    const [writer, eager] = [await addPerson(open.sql, 'writer'), await addPerson(open.sql, 'eager')];
    await follow(eager, writer.userId);
    const mine = { author_id: writer.userId };
    const yesterday = new Date(Date.now() - 86_400_000);
    await publish('older', { ...mine, created_at: yesterday });
    await publish('newer', { ...mine, visibility: 'followers_only' });
    await publish('secret', { ...mine, visibility: 'private' });
    await publish('for the link', { ...mine, visibility: 'unlisted' });
    await publish('long ago', { ...mine, created_at: new Date(Date.now() - 20 * 86_400_000) });
    await publish('featured', { is_featured: true, created_at: yesterday });
    expect(await ranked(eager)).toEqual(['newer (following)', 'older (following)', 'featured (featured)']);
    await publish('newest', mine);
    expect(await ranked(eager), 'it is kept for five minutes').toHaveLength(3);
    await open.moveClock(360);
    expect(await ranked(eager)).toHaveLength(4);
    await open.sql("update community_posts set hidden_at = app.now() where text = 'newest'");
    expect(await ranked(eager), 'what went is not shown').toHaveLength(3);
    await open.moveClock(0);
  });

  it('of many followed is bounded', async () => {
    const busy = await addPerson(open.sql, 'busy');
    await open.sql(
      `with u as (insert into users (email, password_hash, display_name) select 'many' || n || '@example.com', 'x', 'Many' from generate_series(1, 60) n returning id),
        f as (insert into user_followers (follower_id, following_id) select $3, id from u),
        p as (insert into posts (project_id, text, schedule_type) select $1, 'x', 'draft' from generate_series(1, 420) returning id),
        q as (insert into post_publications (project_id, post_id, account_id, platform) select $1, id, $2, 'community' from p returning id)
       insert into community_posts (project_id, publication_id, account_id, text, author_id)
       select $1, q.id, $2, 'x', a.id from (select id, row_number() over () as n from q) q join (select id, row_number() over () as n from u) a on a.n = 1 + q.n % 60`,
      [tenant.projectId, tenant.accountId, busy.userId],
    );
    expect(await as(busy, 'select items from app.rank_feed()')).toEqual([{ items: 200 }]);
  });
});
