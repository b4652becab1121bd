/** What an account knows of itself: its health, when it last posted, and that it lives in one project. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addPublication, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let owner: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
});
beforeEach(async () => {
  owner = await addPerson(open.sql, 'owner');
  tenant = await addTenant(open.sql, owner.userId);
});
afterAll(() => open.close());

async function account(id = tenant.accountId) {
  const [row] = await open.sql('select * from social_accounts where id = $1', [id]);
  return row;
}

it('is as healthy as its latest check says, in whatever order checks arrive', async () => {
  const check = (result: string, checkedAt: string) =>
    addRow(open.sql, 'account_health_checks', {
      project_id: tenant.projectId,
      account_id: tenant.accountId,
      result,
      checked_at: checkedAt,
    });
  expect(await account()).toMatchObject({ health: 'unknown', health_checked_at: null });
  await check('unhealthy', '2026-01-02T00:00:00Z');
  await check('healthy', '2026-01-01T00:00:00Z');
  expect(await account()).toMatchObject({ health: 'unhealthy', health_checked_at: new Date('2026-01-02T00:00:00Z') });
  await check('degraded', '2026-01-03T00:00:00Z');
  expect(await account()).toMatchObject({ health: 'degraded' });
});

it('says when it last posted', async () => {
  const id = await addPublication(open.sql, tenant, { state: 'publishing' });
  const spared = await addTenant(open.sql, owner.userId);
  await open.sql(`update post_publications set state = 'published', platform_post_id = 'x' where id = $1`, [id]);
  const [publication] = await open.sql('select published_at from post_publications where id = $1', [id]);
  expect((await account())?.last_posted_at).toEqual(publication?.published_at);
  expect(await account(spared.accountId)).toMatchObject({ last_posted_at: null });
});

it('of one person lives in one of their projects; who is gone holds nothing', async () => {
  const identity = {
    platform: 'mastodon',
    base_url: 'https://example.social',
    platform_account_id: owner.userId,
    handle: 'ada',
    connected_by: owner.userId,
  };
  const elsewhere = await addTenant(open.sql, owner.userId);
  const first = await addRow(open.sql, 'social_accounts', { ...identity, project_id: tenant.projectId });
  const again = () => addRow(open.sql, 'social_accounts', { ...identity, project_id: elsewhere.projectId });
  await expect(again()).rejects.toMatchObject({ constraint: 'social_accounts_person_key' });
  await open.sql('update projects set deleted_at = app.now() where id = $1', [tenant.projectId]);
  expect(await account(first)).toMatchObject({ status: 'disconnected', status_reason: 'Its project was deleted.' });
  const [event] = await open.sql(
    `select payload from outbox_events where kind = 'account.disconnected' and payload ->> 'accountId' = $1`,
    [first],
  );
  expect(event).toMatchObject({ payload: { accountId: first } });
  await again();
});

it('knows all platforms of the plan; those without a connector take nobody', async () => {
  const rows = await open.sql('select name from platforms where not enabled order by name');
  expect(rows.map(({ name }) => name)).toEqual(['facebook', 'instagram', 'linkedin', 'tiktok', 'twitter', 'youtube']);
  const [row] = await open.sql('select count(*)::integer as count from platforms');
  expect(row).toEqual({ count: 10 });
});
