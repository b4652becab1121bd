/** Whatever ages is taken away by a schedule after a declared time, or stays for a reason that is written down. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld } from './policy-world.ts';
import { addRow } from './seed.ts';

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
  await buildPolicyWorld(open.sql);
}, 120_000);
afterAll(() => open.close());

it('every table with a column that says when its rows expire has a rule or a reason', async () => {
  const missing = await open.sql(`
    select c.relname || '.' || a.attname as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attname ~ '(^|_)expires_at$' and not exists (select from app.retention() r where r.name = c.relname and r.since = a.attname)
    order by 1`);
  expect(missing.map(({ column }) => column)).toEqual([]);
});

it('every rule names a table and a column that are there, and is told with an age or a reason', async () => {
  const wrong = await open.sql(`
    select r.name || '.' || r.since as column from app.retention() r
    where not exists (select from pg_attribute a where a.attrelid = to_regclass(r.name) and a.attname = r.since and not a.attisdropped)
      or (r.age is null) and (r.why is null) order by 1`);
  expect(wrong.map(({ column }) => column)).toEqual([]);
});

/** Makes all rows as old as their rule, and so many seconds more. */
async function age(name: string, since: string, seconds: number, kept: string): Promise<number> {
  const [row] = await open.sql(
    `with moved as (update ${name} set ${since} = app.now() - $1::interval - make_interval(secs => $2) returning 1)
     select count(*)::integer as rows from moved`,
    [kept, seconds],
  );
  return Number(row?.rows);
}

it('rows a minute younger than their time stay, and those a minute older are gone', { timeout: 120_000 }, async () => {
  const rules = await open.sql(
    'select r.name, r.since, r.age::text as kept from app.retention() r where r.age is not null order by r.place',
  );
  const seen: string[] = [];
  for (const rule of rules) {
    const [name, since, kept] = [String(rule.name), String(rule.since), String(rule.kept)];
    await open.sql('begin');
    try {
      await open.sql(`alter table ${name} disable trigger user`);
      const count = async () => Number((await open.sql(`select count(*)::integer as rows from ${name}`))[0]?.rows);
      const purged = () =>
        open.sql(
          'select sum(rows)::integer from (select * from app.purge_expired(1000) union all select * from app.purge_kept(1000)) p',
        );
      const moved = await age(name, since, -60, kept);
      if (moved === 0) continue;
      await purged();
      expect(await count(), `${name}: younger`).toBe(moved);
      await age(name, since, 60, kept);
      await purged();
      expect(await count(), `${name}: older`).toBe(0);
      seen.push(name);
    } finally {
      await open.sql('rollback');
    }
  }
  expect(seen).toEqual(rules.map(({ name }) => name));
});

/** What the rules of a table alone cannot say. */
const hours = (count: number) => `app.now() - interval '${count} hours'`;
const isThere = async (table: string, id: string) =>
  (await open.sql(`select id from ${table} where id = $1`, [id])).length === 1;

it('mails that never could be sent go after a week, and what still has to be done in the world stays', async () => {
  const add = (kind: string, age: string) =>
    open.sql(`insert into outbox_events (kind, payload, created_at) values ($1, '{"to": "x"}', ${age}) returning id`, [
      kind,
    ]);
  const [old] = await add('mail', hours(169));
  const [young] = await add('mail', hours(167));
  const [work] = await add('media.deleted', hours(999));
  const worker = await open.login('worker');
  await worker.query('select * from app.purge_expired(1000)');
  expect(await isThere('outbox_events', String(old?.id))).toBe(false);
  expect(await isThere('outbox_events', String(young?.id))).toBe(true);
  expect(await isThere('outbox_events', String(work?.id))).toBe(true);
});

it('registrations that nobody proved go after thirty days; people, and whom an operator or an import brought, stay', async () => {
  const add = (columns: object) =>
    addRow(open.sql, 'users', {
      email: `${randomUUID()}@example.com`,
      display_name: 'Nobody',
      password_hash: '$argon2id$x',
      created_at: new Date(Date.now() - 31 * 86_400_000).toISOString(),
      ...columns,
    });
  const forgotten = await add({});
  const kept = {
    young: await add({ created_at: new Date(Date.now() - 29 * 86_400_000).toISOString() }),
    proven: await add({ email_verified_at: new Date().toISOString() }),
    imported: await add({ password_hash: '$2b$x' }),
    invitedAsStaff: await add({ role: 'moderator' }),
  };
  const worker = await open.login('worker');
  await worker.query('select * from app.purge_kept(1000)');
  expect(await isThere('users', forgotten)).toBe(false);
  for (const [who, id] of Object.entries(kept)) expect(await isThere('users', id), who).toBe(true);
});
