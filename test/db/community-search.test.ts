/** Public search and popular posts: what is found, in which order, who finds it, and that no table is read whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { popularPosts, searchCommunityPosts } from '../../shared/community/finding-queries.ts';
import { foldCounters, refreshPopularPosts, rescorePosts } from '../../shared/community/upkeep-queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addPublication, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let author: Someone;
let tenant: Tenant;
const ids: Record<string, string> = {};

beforeAll(async () => {
  open = await openDatabase();
  author = await addPerson(open.sql, 'author');
  tenant = await addTenant(open.sql, author.userId);
});
afterAll(() => open.close());

async function publish(name: string, text: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  ids[name] = await addRow(open.sql, 'community_posts', {
    project_id: tenant.projectId,
    account_id: tenant.accountId,
    publication_id: await addPublication(open.sql, tenant, { state: 'published' }),
    text,
    ...more,
  });
}

const nobody = () => open.as({ kind: 'public', ip: null, route: 'GET /' });
const nameOf = (id: string) => Object.entries(ids).find(([, known]) => known === id)?.[0] ?? id;
const search = async (words: string, limit = 20, after: readonly [string, string] | null = null) => {
  const args = { words, limit, afterWeight: after?.[0] ?? null, afterId: after?.[1] ?? null };
  const rows = await nobody().many(searchCommunityPosts, args);
  return rows.map((row) => ({ name: nameOf(row.id), weight: row.weight, id: row.id }));
};
const namesOf = async (words: string) => (await search(words)).map(({ name }) => name);

describe('search', () => {
  beforeAll(async () => {
    await publish('in the text', 'Sailing to the island at night');
    await publish('as a label', 'A photo from yesterday', { tags: ['Island'] });
    await publish('as a hashtag', 'Back at last #island #crossing');
    await publish('private', 'My own island', { visibility: 'private' });
    await publish('unlisted', 'The island for those who know', { visibility: 'unlisted' });
    await publish('followers', 'The island for friends', { visibility: 'followers_only' });
    await publish('hidden', 'An island of spam', { hidden_at: new Date() });
    await publish('deleted', 'An island no more', { deleted_at: new Date() });
    await publish('accents', 'Crème brûlée im Straßencafé');
  });

  it('finds hashtags before labels before the text, and nothing that is not public', async () => {
    expect(await namesOf('island')).toEqual(['as a hashtag', 'as a label', 'in the text']);
  });

  it.each([
    ['ISLA', ['as a hashtag', 'as a label', 'in the text']],
    ['#cross', ['as a hashtag']],
    ['night sail', ['in the text']],
    ['island moon', []],
    ['brûl', ['accents']],
    ['straßen', ['accents']],
    ["') or 1=1; --", []],
    ['& | ! :* <->', []],
    ['  ', []],
  ])('of “%s”', async (words, names) => {
    expect(await namesOf(words)).toEqual(names);
  });

  it('pages without a gap or a repeat', async () => {
    for (let n = 0; n < 25; n += 1)
      await publish(`page ${n}`, `lighthouse number ${n}${n % 5 === 0 ? ' #lighthouse' : ''}`);
    const all = (await search('lighthouse', 50)).map(({ name }) => name);
    expect(all).toHaveLength(25);
    const paged: string[] = [];
    for (let after: readonly [string, string] | null = null; ; ) {
      const page: { name: string; weight: string; id: string }[] = await search('lighthouse', 7, after);
      paged.push(...page.slice(0, 7).map(({ name }) => name));
      const last = page[6];
      if (page.length < 8 || last === undefined) break;
      after = [last.weight, last.id];
    }
    expect(paged).toEqual(all);
  });

  it('stops finding the posts of a deleted project', async () => {
    await open.sql('update projects set deleted_at = app.now() where id = $1', [tenant.projectId]);
    expect(await namesOf('island')).toEqual([]);
    await open.sql('update projects set deleted_at = null where id = $1', [tenant.projectId]);
    expect(await namesOf('island')).toHaveLength(3);
  });
});

describe('popular posts', () => {
  const popular = async (afterRank: number | null = null, limit = 50) =>
    (await nobody().many(popularPosts, { afterRank, limit })).map((row) => ({ ...row, name: nameOf(row.id) }));

  it('are those of seven days by engagement, with their authors, as of the last refresh', async () => {
    await open.sql("update users set username = 'ada' where id = $1", [author.userId]);
    await publish('liked', 'liked');
    await publish('discussed', 'discussed');
    await publish('old', 'old', { created_at: new Date(Date.now() - 8 * 86_400_000) });
    await publish('secret', 'secret', { visibility: 'private' });
    for (const name of ['liked', 'old', 'secret']) {
      await addRow(open.sql, 'user_engagement', { user_id: author.userId, community_post_id: ids[name], type: 'like' });
    }
    await addRow(open.sql, 'comments', { author_id: author.userId, community_post_id: ids.discussed, text: 'x' });
    await open.worker.one(foldCounters, { take: 10_000 });
    await open.worker.one(refreshPopularPosts, {});
    const found = await popular();
    const names = found.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['discussed', 'liked']);
    expect(names).not.toContain('old');
    expect(names).not.toContain('secret');
    expect(found[0]).toMatchObject({
      rank: 1,
      commentCount: 1,
      writer: { userId: author.userId, username: 'ada', displayName: 'author' },
    });
    expect((await popular(1, 1)).map(({ name }) => name)).toEqual(names.slice(1, 3));
  });

  it('leave out at once what was hidden or made private, whoever asks', async () => {
    await open.sql('update community_posts set hidden_at = app.now() where id = $1', [ids.discussed]);
    await open.sql("update community_posts set visibility = 'private' where id = $1", [ids.liked]);
    const asked = await open.as({ kind: 'actor', ...author }).many(popularPosts, { afterRank: null, limit: 50 });
    for (const rows of [await popular(), asked]) {
      expect(rows.map(({ id }) => id)).not.toContain(ids.discussed);
      expect(rows.map(({ id }) => id)).not.toContain(ids.liked);
    }
  });

  it('are at most a thousand', async () => {
    await open.sql(
      `with p as (insert into posts (project_id, text, schedule_type) select $1, 'x', 'draft' from generate_series(1, 1010) returning id),
        q as (insert into post_publications (project_id, post_id, account_id, platform) select $1, id, $2, 'community' from p returning id)
       insert into community_posts (project_id, publication_id, account_id, text) select $1, id, $2, 'x' from q`,
      [tenant.projectId, tenant.accountId],
    );
    expect(await open.worker.one(refreshPopularPosts, {})).toEqual({ posts: 1000 });
  });
});

describe('the engagement score', () => {
  const score = async (hours: number) =>
    (
      await open.sql(`select app.engagement_score(10, 2, 1, 1, 2, 20, make_interval(hours => $1))::float as score`, [
        hours,
      ])
    )[0]?.score;

  it('weighs what people do, halves with every day, and never ends below zero or above what fits', async () => {
    expect([await score(0), await score(24), await score(48), await score(-5)]).toEqual([28, 14, 7, 28]);
    const [huge] = await open.sql("select app.engagement_score(1e15::bigint, 0, 0, 0, 0, 0, '0')::text as score");
    expect(huge).toEqual({ score: '99999999.99' });
  });

  it('is lowered to its age by the schedule, until there is nothing left', async () => {
    await publish('aging', 'aging');
    await addRow(open.sql, 'comments', { author_id: author.userId, community_post_id: ids.aging, text: 'x' });
    await open.worker.one(foldCounters, { take: 10_000 });
    const [fresh] = await open.sql('select engagement_score::float as score from community_posts where id = $1', [
      ids.aging,
    ]);
    expect(Number(fresh?.score)).toBeCloseTo(3, 1);
    expect(await open.worker.many(rescorePosts, { limit: 100 })).toEqual([]);
    await open.moveClock(86_400);
    expect(await open.worker.many(rescorePosts, { limit: 100 })).toContainEqual({ id: ids.aging });
    const [aged] = await open.sql('select engagement_score::float as score from community_posts where id = $1', [
      ids.aging,
    ]);
    expect(Number(aged?.score)).toBeCloseTo(1.5, 1);
    await open.moveClock(30 * 86_400);
    await open.worker.many(rescorePosts, { limit: 1000 });
    expect(await open.worker.many(rescorePosts, { limit: 1000 })).toEqual([]);
    await open.moveClock(0);
  });
});
