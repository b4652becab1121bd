/** What the tables themselves hold: no tenant refers to another, and a purge has its order. */
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
