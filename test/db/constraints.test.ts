/** What the tables themselves hold: no tenant refers to another, counters are exact, and a purge has its order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld, type PolicyWorld } from './policy-world.ts';
import { addMedia, addPerson, addPost, addPublication, addRow, addTenant } from './seed.ts';

let open: OpenDatabase;
let world: PolicyWorld;

beforeAll(async () => {
  open = await openDatabase();
  world = await buildPolicyWorld(open.sql);
});
afterAll(() => open.close());

describe('a reference into another project', () => {
  it.each([
    [
      'a publication to an account',
      () =>
        row('post_publications', { post_id: own().postId, account_id: other().spareAccountId, platform: 'community' }),
    ],
    [
      'a publication to a post',
      () =>
        row('post_publications', { post_id: other().postId, account_id: own().spareAccountId, platform: 'community' }),
    ],
    ['a medium of a post', () => row('post_media', { post_id: own().postId, media_id: other().mediaId, position: 5 })],
    [
      'an attempt',
      () =>
        row('publication_attempts', {
          publication_id: other().publicationId,
          account_id: own().accountId,
          kind: 'resolve',
          generation: 1,
          lease_token: own().postId,
        }),
    ],
    ['a report', () => row('report_links', { post_id: other().postId, token_hash: 'x' })],
    ['tokens', () => row('account_tokens', { account_id: other().spareAccountId, access_token_sealed: 'x' })],
    [
      'numbers',
      () =>
        row('analytics', { publication_id: other().publicationId, account_id: own().accountId, platform: 'community' }),
    ],
    [
      'a community post',
      () => row('community_posts', { publication_id: other().unpublishedId, account_id: own().accountId, text: 'x' }),
    ],
  ])('is refused, even to the owner of the schema: %s', async (_name, insert) => {
    await expect(insert()).rejects.toMatchObject({ code: '23503' });
  });

  const own = () => world.projects.own;
  const other = () => world.projects.other;
  const row = (table: string, columns: Readonly<Record<string, unknown>>) =>
    addRow(open.sql, table, { project_id: own().projectId, ...columns }, 'project_id');
});

describe('counters of a community post', () => {
  it('are exact when thirty people like, unlike and comment at once', async () => {
    const postId = String(world.posts.public);
    const before = await counts(postId);
    const people = await Promise.all(Array.from({ length: 30 }, (_, index) => addPerson(open.sql, `person${index}`)));
    await Promise.all(
      people.map(async (person, index) => {
        const client = await open.login('api');
        const call = JSON.stringify({ kind: 'actor', ...person });
        const run = (text: string) => client.query('select app.run($1::jsonb, $2, $3)', [call, text, `{${postId}}`]);
        await run('select * from app.set_like($1::uuid, true)');
        await run('select * from app.set_like($1::uuid, true)');
        await run("select id from app.add_comment($1::uuid, null, 'Nice')");
        if (index % 3 === 0) await run('select * from app.set_like($1::uuid, false)');
        if (index % 2 === 0)
          await run(
            'update comments set deleted_at = app.now() where community_post_id = $1::uuid and author_id = app.user_id() returning id',
          );
      }),
    );
    expect(await counts(postId)).toEqual({ likes: before.likes + 20, comments: before.comments + 15 });
    await open.sql('delete from users where id = any ($1)', [people.map(({ userId }) => userId)]);
    expect(await counts(postId)).toEqual(before);
  });

  async function counts(postId: string): Promise<{ likes: number; comments: number }> {
    const [found] = await open.sql(
      'select like_count::integer as likes, comment_count::integer as comments from community_posts where id = $1',
      [postId],
    );
    return { likes: Number(found?.likes), comments: Number(found?.comments) };
  }
});

describe('purging a project', () => {
  it('goes from its posts up; the other way PostgreSQL refuses', async () => {
    const owner = await addPerson(open.sql, 'owner');
    const tenant = await addTenant(open.sql, owner.userId);
    const { projectId } = tenant;
    await addPublication(open.sql, tenant, { state: 'published' });
    const both = { post_id: await addPost(open.sql, projectId), media_id: await addMedia(open.sql, projectId) };
    await addRow(open.sql, 'post_media', { project_id: projectId, ...both, position: 0 });
    await expect(open.sql('delete from projects where id = $1', [projectId])).rejects.toMatchObject({ code: '23001' });
    await open.sql('delete from posts where project_id = $1', [projectId]);
    await open.sql('delete from projects where id = $1', [projectId]);
    const left = await open.sql(
      'select 1 from social_accounts where project_id = $1 union all select 1 from media where project_id = $1',
      [projectId],
    );
    expect(left).toEqual([]);
  });

  it('a person who goes leaves the project and its posts to the others', async () => {
    const author = await addPerson(open.sql, 'author');
    const { projectId } = await addTenant(open.sql, author.userId);
    const postId = await addPost(open.sql, projectId);
    await open.sql('update posts set created_by = $2 where id = $1', [postId, author.userId]);
    await open.sql('delete from users where id = $1', [author.userId]);
    expect(await open.sql('select created_by from posts where id = $1', [postId])).toEqual([{ created_by: null }]);
    expect(await open.sql('select created_by from projects where id = $1', [projectId])).toEqual([
      { created_by: null },
    ]);
  });
});
