/** Takes away what makes loading slow (references, keys, indexes, triggers) and puts back exactly that, by the catalogue. */
import type pg from 'pg';

interface Removed {
  readonly drop: string;
  readonly add: string;
}

/** Keys first, then indexes, then references: the order in which they need each other. */
const CONSTRAINTS = `
  select format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname) as drop,
    format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) as add
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = 'public'::regnamespace and k.conparentid = 0 and not c.relispartition and k.contype = any ($1)
  order by c.relname, k.conname`;

const INDEXES = `
  select format('drop index %I', i.relname) as drop, replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ') as add
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and not exists (select from pg_constraint k where k.conindid = i.oid)
  order by i.relname`;

const TABLES = `select oid::regclass::text as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`;

/** Runs `load` on tables without any of it. Returns the seconds of loading and of putting back. */
export async function withBareTables(
  client: pg.Client,
  load: () => Promise<void>,
): Promise<{ readonly loadS: number; readonly restoreS: number }> {
  const references = await removedOf(client, CONSTRAINTS, [['f']]);
  const keys = await removedOf(client, CONSTRAINTS, [['p', 'u', 'x']]);
  const indexes = await removedOf(client, INDEXES, []);
  const tables = (await client.query<{ name: string }>(TABLES)).rows.map(({ name }) => name);
  for (const { drop } of [...references, ...indexes, ...keys]) await client.query(drop);
  for (const table of tables) await client.query(`alter table ${table} disable trigger user`);
  const began = performance.now();
  await load();
  const loaded = performance.now();
  for (const { add } of [...keys, ...indexes, ...references]) await client.query(add);
  for (const table of tables) await client.query(`alter table ${table} enable trigger user`);
  return { loadS: (loaded - began) / 1000, restoreS: (performance.now() - loaded) / 1000 };
}

async function removedOf(client: pg.Client, text: string, values: readonly unknown[]): Promise<Removed[]> {
  return (await client.query<Removed>(text, [...values])).rows;
}
