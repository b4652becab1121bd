/** What must hold between rows and no constraint can see: a check names what does not, and nothing else. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMedia, addPerson, addPost, addPublication, addRow, addTenant, type Tenant } from './seed.ts';

let open: OpenDatabase;
let tenant: Tenant;
let userId: string;
const findings = async () => (await open.sql('select f from app.check_consistency() f')).map(({ f }) => String(f));

beforeAll(async () => {
  open = await openDatabase();
  userId = (await addPerson(open.sql, 'owner')).userId;
  tenant = await addTenant(open.sql, userId);
});
afterAll(() => open.close());

/** Finds exactly this after the damage, which is taken back. */
async function found(damage: () => Promise<string>): Promise<void> {
  expect(await findings()).toEqual([]);
  await open.sql('begin');
  const wanted = await damage();
  expect(await findings()).toEqual([wanted]);
  await open.sql('rollback');
}

it('a publication whose instant is gone', async () => {
  const id = await addPublication(open.sql, tenant, { state: 'published' });
  await open.sql('update post_publications set published_at = app.now() where id = $1', [id]);
  await found(async () => {
    await open.sql('update post_publications set published_at = null where id = $1', [id]);
    return `published, and nobody knows when - publication ${id}`;
  });
});

it('a post that is to be published nowhere', async () => {
  await found(async () => {
    const [row] = await open.sql(
      `insert into posts (project_id, schedule_type, due_at) values ($1, 'at', app.now()) returning id`,
      [tenant.projectId],
    );
    return `to be published, and nowhere - post ${row?.id}`;
  });
});

it('a file that was deleted under a post that waits for it', async () => {
  const mediaId = await addMedia(open.sql, tenant.projectId);
  const publicationId = await addPublication(open.sql, tenant, { state: 'scheduled' });
  const [row] = await open.sql('select post_id from post_publications where id = $1', [publicationId]);
  await addRow(open.sql, 'post_media', {
    project_id: tenant.projectId,
    post_id: row?.post_id,
    media_id: mediaId,
    position: 0,
  });
  await found(async () => {
    await open.sql('alter table media disable trigger user');
    await open.sql('update media set deleted_at = app.now() where id = $1', [mediaId]);
    return `waits with a file that was deleted - post ${row?.post_id}, file ${mediaId}`;
  });
});

it('a project that nobody owns', async () => {
  await found(async () => {
    await open.sql('alter table project_collaborators disable trigger user');
    await open.sql('delete from project_collaborators where project_id = $1', [tenant.projectId]);
    return `nobody owns it - project ${tenant.projectId}`;
  });
});

it('a publication whose numbers are not the newest', async () => {
  const id = await addPublication(open.sql, tenant, { state: 'published' });
  await open.sql(
    'update post_publications set published_at = app.now(), likes = 5, metrics_at = app.now() where id = $1',
    [id],
  );
  const about = {
    project_id: tenant.projectId,
    publication_id: id,
    account_id: tenant.accountId,
    platform: 'community',
  };
  const [at] = await open.sql('select metrics_at from post_publications where id = $1', [id]);
  await addRow(open.sql, 'analytics', { ...about, likes: 5, fetched_at: at?.metrics_at });
  await found(async () => {
    await open.sql('update post_publications set likes = 6 where id = $1', [id]);
    return `not the newest numbers - publication ${id}`;
  });
});

it('somebody who left and is still signed in', async () => {
  await found(async () => {
    const gone = await addPerson(open.sql, 'gone');
    await open.sql('alter table users disable trigger user');
    await open.sql('update users set deleted_at = app.now() where id = $1', [gone.userId]);
    return `somebody who left is signed in - session ${gone.sessionId}`;
  });
});

it('a month that does not reach the archive', async () => {
  await found(async () => {
    await open.sql(`insert into partition_archives (table_name, partition_name, to_at, detached_at)
      values ('analytics', 'analytics_y2020m01', '2020-02-01', app.now() - interval '4 days')`);
    return 'on its way to the archive for three days - partition analytics_y2020m01';
  });
});

it('a draft is nothing to be found', async () => {
  await addPost(open.sql, tenant.projectId);
  expect(await findings()).toEqual([]);
});

it('a file that another system keeps is no damage', async () => {
  await open.sql('begin');
  await addRow(open.sql, 'media', {
    project_id: tenant.projectId,
    status: 'ready',
    kind: 'image',
    file_name: 'theirs.png',
    declared_mime_type: 'image/png',
    declared_bytes: 5,
    source_url: 'https://example.com/theirs.png',
  });
  expect(await findings()).toEqual([]);
  await open.sql('rollback');
});
