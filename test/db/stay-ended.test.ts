/** What was revoked stays so: no door, no worker and no later migration's code brings it back by an update. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outcomeOf } from './acting.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld } from './policy-world.ts';

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
  await buildPolicyWorld(open.sql);
});
afterAll(() => open.close());

const revocable = async () => {
  const rows = await open.sql(
    `select table_name from information_schema.columns
     where table_schema = 'public' and column_name = 'revoked_at' order by table_name`,
  );
  return rows.map(({ table_name }) => String(table_name));
};

it('sessions, keys, invitations and links can be revoked', async () => {
  expect(await revocable()).toEqual([
    'api_keys',
    'project_invitations',
    'report_links',
    'review_links',
    'user_invitations',
    'user_sessions',
  ]);
});

it('whoever writes, none of them is good again; all else of them can be written as before', async () => {
  for (const table of await revocable()) {
    const [row] = await open.sql(
      `update ${table} set revoked_at = app.now()
       where id = (select id from ${table} where revoked_at is null order by id limit 1) returning id`,
    );
    expect([table, row?.id]).toEqual([table, expect.any(String)]);
    const set = (change: string) =>
      outcomeOf(open.sql(`update ${table} set ${change} where id = $1 returning 1 as one`, [row?.id]));
    // A key that was revoked is also no longer changed at all: it only ever grows narrower.
    expect([table, await set('revoked_at = null')]).toEqual([table, table === 'api_keys' ? 'PH013' : '42501']);
    expect([table, await set('created_at = created_at')]).toEqual([table, 'done']);
    expect(await open.sql(`select 1 from ${table} where id = $1 and revoked_at <= app.now()`, [row?.id])).toHaveLength(
      1,
    );
  }
});
