/** What the export of an account holds of the catalogue: everything that may be a person's, or the reason why not. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

/** Columns that name a person: references to users, and those that are called so where no reference is wanted. */
const NAMING = `
  select c.oid::regclass::text as name, a.attname as column
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and (a.attname ~ '^(user|author|actor|follower|following|reporter|moderator)_id$' or a.attname ~ '^[a-z]+_by$' and a.atttypid = 'uuid'::regtype
        and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> 'users'::regclass and a.attnum = any (k.conkey))
      or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'users'::regclass and a.attnum = any (k.conkey)))`;

it('every table that names a person or belongs to a project is exported, or left out for a reason that is written down', async () => {
  const missing = await open.sql(`
    select distinct t.name from (
      select n.name from (${NAMING}) n
      union all
      select a.attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = a.attrelid
      where a.attname = 'project_id' and not a.attisdropped and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    ) t where t.name not in (select e.name from export_tables e) order by 1`);
  expect(missing.map(({ name }) => name)).toEqual([]);
});

it('every column of an exported table is exported or withheld, and a new one is a decision', async () => {
  const undecided = await open.sql(`
    select e.name || '.' || a.attname as column
    from export_tables e join pg_attribute a on a.attrelid = to_regclass(e.name) and a.attnum > 0 and not a.attisdropped
    where e.left_out_because is null and a.attname <> all (e.columns) and a.attname <> all (e.withheld) order by 1`);
  expect(undecided.map(({ column }) => column)).toEqual([]);
  const unknown = await open.sql(`
    select e.name || '.' || c.name as column from export_tables e, unnest(e.columns || e.withheld || e.person_columns || e.project_column) c (name)
    where c.name is not null and c.name not in ('username_skeleton') and to_regclass(e.name) is not null and not exists (
      select from pg_attribute a where a.attrelid = to_regclass(e.name) and a.attname = c.name and not a.attisdropped) order by 1`);
  expect(unknown.map(({ column }) => column)).toEqual([]);
});

it('no secret is among what is exported', async () => {
  const secret = await open.sql(`select e.name || '.' || c as column from export_tables e, unnest(e.columns) c
    where c ~ '(hash|sealed|secret|token|password|_key$)' or (c = 'email' and e.name not in ('users', 'user_identities')) order by 1`);
  // Names of imports' files at their own providers, not keys; how many tokens of a model were used.
  expect(secret.map(({ column }) => column)).toEqual([
    'ai_generation_tasks.input_tokens',
    'ai_generation_tasks.output_tokens',
    'media.provider_key',
    'post_variations.hashtags',
  ]);
});

it('rows that name the person are found by every column that does', async () => {
  const rows =
    await open.sql(`select n.name || '.' || n.column as column from (${NAMING}) n join export_tables e on e.name = n.name
    where e.left_out_because is null and n.column <> all (e.person_columns) order by 1`);
  // What somebody else did with the person's row, or who moderates; the row is the project's or the other person's.
  expect(rows.map(({ column }) => column)).toEqual(['notifications.actor_id']);
});
