/** Moderation: the automatic score, reports, the way of a case, what a decision does, and who may decide. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addPublication, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let tenant: Tenant;
let author: Someone;
let moderator: Someone;

beforeAll(async () => {
  open = await openDatabase();
  author = await addPerson(open.sql, 'author');
  moderator = await addPerson(open.sql, 'moderator');
  await open.sql("update users set role = 'moderator' where id = $1", [moderator.userId]);
  tenant = await addTenant(open.sql, author.userId);
});
afterAll(() => open.close());

const publish = async (text: string) =>
  addRow(open.sql, 'community_posts', {
    project_id: tenant.projectId,
    account_id: tenant.accountId,
    publication_id: await addPublication(open.sql, tenant, { state: 'published' }),
    text,
  });

async function as(person: Someone, text: string, parameters: readonly string[]): Promise<unknown[]> {
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

const decide = (person: Someone, id: string, status: string) =>
  as(
    person,
    'update content_moderation set status = $2, reason = $3 where id = $1::uuid returning status, moderator_id',
    [id, status, 'looked at it'],
  );
const report = (person: Someone, type: string, id: string) =>
  as(
    person,
    `insert into moderation_reports (reporter_id, target_type, target_id, reason) values (app.user_id(), $1, $2::uuid, 'spam') returning id`,
    [type, id],
  );
const caseOf = async (id: string) =>
  (
    await open.sql(
      `select id, status, automated_score::float as score from content_moderation where target_id = $1 order by id desc limit 1`,
      [id],
    )
  )[0];
const isPublic = async (id: string) =>
  (await open.sql('select cardinality(app.visible_posts(array[$1::uuid])) = 1 as seen', [id]))[0]?.seen;

describe('the automatic score', () => {
  it.each([
    ['A quiet day at the sea', 0],
    ['What an IDIOT!', 0.4],
    ['idiot, idiot, idiot', 0.4],
    ['You moron, you idiot', 0.64],
    ['Buy   followers now', 0.8],
    ['He sold idiotic hats', 0],
    ['bring dich um', 0.95],
  ])('of “%s” is %d', async (text, score) => {
    expect(await open.sql('select app.automated_score($1)::float as score', [text])).toEqual([{ score }]);
  });

  it('follows the list: a word that is taken out counts no more', async () => {
    const score = () => open.sql("select app.automated_score('what a loser')::float as score");
    expect(await score()).toEqual([{ score: 0.2 }]);
    await open.sql("update moderation_words set enabled = false where word = 'loser'");
    expect(await score()).toEqual([{ score: 0 }]);
  });

  it('opens a case for what may be harmful, an urgent one for what most likely is, and none for the rest; it hides nothing', async () => {
    const [calm, doubtful, bad] = [
      await publish('Good morning'),
      await publish('moron, idiot'),
      await publish('kill yourself'),
    ];
    expect(await caseOf(calm)).toBeUndefined();
    expect(await caseOf(doubtful)).toMatchObject({ status: 'pending', score: 0.64 });
    expect(await caseOf(bad)).toMatchObject({ status: 'flagged', score: 0.98 });
    expect(await isPublic(bad)).toBe(true);
    await open.sql("update community_posts set text = 'kys' where id = $1", [calm]);
    expect(await caseOf(calm)).toMatchObject({ status: 'flagged', score: 0.9 });
  });
});

describe('a decision', () => {
  it('hides what was rejected and shows what was approved, with the moderator’s name', async () => {
    const postId = await publish('kill yourself');
    const { id } = (await caseOf(postId)) ?? {};
    expect(await decide(moderator, String(id), 'rejected')).toEqual([
      { status: 'rejected', moderator_id: moderator.userId },
    ]);
    expect(await isPublic(postId)).toBe(false);
    expect(await as(author, 'select outcome from app.set_like($1::uuid, true)', [postId])).toEqual([
      { outcome: 'not_found' },
    ]);
    await decide(moderator, String(id), 'approved');
    expect(await isPublic(postId)).toBe(true);
  });

  it('hides a comment, which is no longer counted', async () => {
    const postId = await publish('Hello');
    const said = { community_post_id: postId, author_id: author.userId, text: 'buy followers' };
    const commentId = await addRow(open.sql, 'comments', said);
    const comments = async () =>
      (await open.sql('select comment_count::integer as n from app.post_counts(array[$1::uuid])', [postId]))[0]?.n;
    expect(await comments()).toBe(1);
    await decide(moderator, String((await caseOf(commentId))?.id), 'rejected');
    expect(await comments()).toBe(0);
  });

  it('is nobody’s but a moderator’s', async () => {
    const { id } = (await caseOf(await publish('kill yourself'))) ?? {};
    expect(await decide(author, String(id), 'approved')).toEqual([]);
  });

  it.each([
    ['approved', 'pending'],
    ['approved', 'flagged'],
    ['rejected', 'pending'],
    ['rejected', 'flagged'],
  ])('that is %s does not become %s again', async (first, second) => {
    const { id } = (await caseOf(await publish('kill yourself'))) ?? {};
    await decide(moderator, String(id), first);
    await expect(decide(moderator, String(id), second)).rejects.toMatchObject({ code: 'PH010' });
  });
});

describe('a report', () => {
  it('opens one case for all who report the same, the third makes it urgent, and the decision ends them all', async () => {
    const postId = await publish('Hello');
    const reporters: Someone[] = [];
    for (let n = 0; n < 3; n += 1) reporters.push(await addPerson(open.sql, `reporter${n}`));
    const [first, second, third] = reporters;
    if (first === undefined || second === undefined || third === undefined) throw new Error('nobody reports');
    await report(first, 'post', postId);
    await report(second, 'post', postId);
    expect(await caseOf(postId)).toMatchObject({ status: 'pending' });
    await report(third, 'post', postId);
    const judged = await caseOf(postId);
    expect(judged).toMatchObject({ status: 'flagged' });
    await decide(moderator, String(judged?.id), 'rejected');
    const states = await open.sql(
      'select distinct status, resolved_at is not null as resolved from moderation_reports where target_id = $1',
      [postId],
    );
    expect(states).toEqual([{ status: 'upheld', resolved: true }]);
    expect(
      await open.sql('select count(*)::integer as cases from content_moderation where target_id = $1', [postId]),
    ).toEqual([{ cases: 1 }]);
  });

  it('is made once at a time, and again after a decision', async () => {
    const postId = await publish('Hello');
    const reporter = await addPerson(open.sql, 'keen');
    await report(reporter, 'post', postId);
    await expect(report(reporter, 'post', postId)).rejects.toMatchObject({ constraint: 'moderation_reports_open_key' });
    await decide(moderator, String((await caseOf(postId))?.id), 'approved');
    await report(reporter, 'post', postId);
    expect(await open.sql('select status from content_moderation where target_id = $1 order by id', [postId])).toEqual([
      { status: 'approved' },
      { status: 'pending' },
    ]);
  });

  it('of something that one cannot see is refused like one of nothing', async () => {
    const postId = await publish('Mine');
    await open.sql("update community_posts set visibility = 'private' where id = $1", [postId]);
    const stranger = await addPerson(open.sql, 'stranger');
    await expect(report(stranger, 'post', postId)).rejects.toMatchObject({ code: '42501' });
    await expect(report(stranger, 'post', stranger.userId)).rejects.toMatchObject({ code: '42501' });
  });
});

it('a project that is deleted takes its posts from public view, and brings them back', async () => {
  const postId = await publish('Hello');
  await open.sql('update projects set deleted_at = app.now() where id = $1', [tenant.projectId]);
  expect(await isPublic(postId)).toBe(false);
  await open.sql('update projects set deleted_at = null where id = $1', [tenant.projectId]);
  expect(await isPublic(postId)).toBe(true);
});
