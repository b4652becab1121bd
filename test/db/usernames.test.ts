/** User names that were there before nothing in them could be invisible. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listMigrations, migrateDown, migrateUp } from '../../infra/tools/migrate.ts';
import { loginOf, type OpenDatabase, openDatabase } from './database.ts';

const BEFORE = 204;
const passwords = {
  api: loginOf('api').password,
  worker: loginOf('worker').password,
  reporting: loginOf('reporting').password,
};

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

const add = (username: string, skeleton: string | null) =>
  open.sql(
    `insert into users (email, password_hash, display_name, username, username_skeleton, created_at)
     values (gen_random_uuid() || '@example.com', 'x', 'Somebody', $1, $2, clock_timestamp()) returning id`,
    [username, skeleton],
  );

it('knows as invisible what Unicode says', async () => {
  const refused = await open.sql(
    `select c from generate_series(1, 1114111) c where c not between 55296 and 57343 and chr(c) ~ (
       select substring(pg_get_constraintdef(oid) from $$'(\\[.*\\])'$$) from pg_constraint where conname = 'users_username_visible')`,
  );
  const all = Array.from({ length: 0x11_0000 }, (_, code) => code).filter(
    (code) => code > 0 && /\p{Default_Ignorable_Code_Point}/u.test(String.fromCodePoint(code)),
  );
  expect(refused.map(({ c }) => c)).toEqual(all);
});

it('cleans names, and takes away those that looked like another', async () => {
  const migrations = await listMigrations();
  await migrateDown(open.target, migrations.filter(({ version }) => version > BEFORE).length);
  const expected = new Map<unknown, readonly [string | null, string | null]>();
  const keep = async (given: readonly [string, string | null], then: readonly [string | null, string | null]) =>
    expected.set((await add(...given))[0]?.id, then);
  await keep(['daverfox', 'daverfox'], ['daverfox', 'daverfox']);
  await keep(['dave\ufe0frfox', 'dave\ufe0frfox'], [null, null]);
  await keep(['eve\u034f', 'eve\u034f'], ['eve', 'eve']);
  await keep(['e\u180bve', 'e\u180bve'], [null, null]);
  await keep(['김\u1160철수', '김\u1160철수'], ['김철수', '김철수']);
  await keep(['Import\u200bed', null], ['Imported', null]);
  await keep(['\u{e0101}\u115f', null], [null, null]);
  await keep(['i\u0307stanbul', 'i\u0307stanbul'], ['i\u0307stanbul', 'istanbul']);
  await keep(['vivi', 'vivi'], ['vivi', 'vivi']);
  await keep(['vi\u0307vi', 'vi\u0307vi'], ['vi\u0307vi', 'vi\u0307vi']);
  await migrateUp(open.target, passwords);
  const rows = await open.sql('select id, username, username_skeleton from users');
  const now = new Map(rows.map(({ id, username, username_skeleton }) => [id, [username, username_skeleton]]));
  for (const [id, names] of expected) expect(now.get(id)).toEqual(names);
});
