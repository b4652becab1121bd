/** What nobody can make look as if another had done it, or as if it had been another time. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Actors, openActors, outcomeOf } from './acting.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import {
  addMedia,
  addMember,
  addPerson,
  addPublication,
  addRow,
  addTenant,
  type Someone,
  type Tenant,
} from './seed.ts';

const DENIED = '42501';

let open: OpenDatabase;
let actors: Actors;
let tenant: Tenant;
let editor: Someone;
let stranger: Someone;

beforeAll(async () => {
  open = await openDatabase();
  actors = await openActors(open);
  const owner = await addPerson(open.sql, 'owner');
  editor = await addPerson(open.sql, 'editor');
  stranger = await addPerson(open.sql, 'stranger');
  tenant = await addTenant(open.sql, owner.userId);
  await addMember(open.sql, tenant.projectId, editor.userId, 'editor');
});
afterAll(() => open.close());

it('nobody says when they liked a post, or what their like counts', async () => {
  const communityPostId = await addRow(open.sql, 'community_posts', {
    project_id: tenant.projectId,
    account_id: tenant.accountId,
    publication_id: await addPublication(open.sql, tenant, { state: 'published' }),
    text: 'Hello',
  });
  const like = (column: string, value: string) =>
    outcomeOf(
      actors.as(stranger)(
        `insert into user_engagement (user_id, community_post_id, type, ${column}) values (app.user_id(), $1::uuid, 'like', ${value}) returning id`,
        [communityPostId],
      ),
    );
  expect(await like('created_at', "'2020-01-01'")).toBe(DENIED);
  expect(await like('value', '9')).toBe(DENIED);
});

it('nobody says when an attempt to publish was begun, or that it reached the platform', async () => {
  const publicationId = await addPublication(open.sql, tenant, { state: 'unknown' });
  const resolve = (column: string) =>
    outcomeOf(
      actors.as(editor)(
        `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, ${column})
         values ($1::uuid, $2::uuid, $3::uuid, 'resolve', 0, uuidv7(), '2020-01-01') returning 1 as one`,
        [tenant.projectId, publicationId, tenant.accountId],
      ),
    );
  expect(await resolve('started_at')).toBe(DENIED);
  expect(await resolve('commit_started_at')).toBe(DENIED);
});

it('media under another post take nothing from a publication', async () => {
  const mediaId = await addMedia(open.sql, tenant.projectId);
  const victim = await addPublication(open.sql, tenant);
  const [other] = await open.sql('select post_id from post_publications where id = $1', [
    await addPublication(open.sql, tenant),
  ]);
  const place = outcomeOf(
    actors.as(editor)(
      `insert into post_media (id, project_id, post_id, publication_id, media_id, position)
       values ($5::uuid, $1::uuid, $2::uuid, $3::uuid, $4::uuid, 0) returning id`,
      [tenant.projectId, other?.post_id, victim, mediaId, randomUUID()],
    ),
  );
  expect(await place).toBe('PH002');
});

it('whoever writes a post is its author, whatever they say', async () => {
  const [post] = await actors.as(editor)(
    `insert into posts (project_id, text, schedule_type, created_by) values ($1::uuid, 'Hello', 'draft', $2::uuid) returning created_by`,
    [tenant.projectId, stranger.userId],
  );
  expect(post?.created_by).toBe(editor.userId);
});

it('who may not approve gives nobody a link that does', async () => {
  const owner = await addPerson(open.sql, 'other owner');
  await addMember(open.sql, tenant.projectId, owner.userId, 'owner');
  const [post] = await open.sql('select id from posts where project_id = $1 limit 1', [tenant.projectId]);
  const link = (person: Someone, scope: string) =>
    outcomeOf(
      actors.as(person)(
        'insert into review_links (project_id, post_id, token_hash, scope) values ($1::uuid, $2::uuid, $3, $4) returning id',
        [tenant.projectId, post?.id, randomUUID(), scope],
      ),
    );
  expect(await link(editor, 'comment')).toBe('done');
  expect(await link(editor, 'decide')).toBe(DENIED);
  expect(await link(owner, 'decide')).toBe('done');
});

it('who is signed in reads no sealed secret of an app, and looks up nobody’s login', async () => {
  const asked = (text: string) => outcomeOf(actors.as(stranger)(text));
  expect(await asked('select client_id from platform_apps')).toBe('done');
  expect(await asked('select client_secret_sealed from platform_apps')).toBe(DENIED);
  expect(await asked("select * from app.open_session(null, 'x', null, null)")).toBe(DENIED);
  expect(await asked("select * from app.login_recipe('ada@example.com')")).toBe(DENIED);
  expect(await asked('select password_hash from users')).toBe(DENIED);
});
