/** The rows of a database as they were: which tables were written since, and back to how it was. */
import type pg from 'pg';
import { z } from 'zod';
import type { World } from '../../support/world.ts';

export interface Snapshot {
  /** Tables in which a row was inserted, changed or deleted since this was asked last. */
  written(): Promise<readonly string[]>;
  /** Brings all rows back that were written, or forced, since the last time. */
  restore(): Promise<void>;
  /** Runs SQL past triggers, foreign keys and policies. */
  force(table: string, sql: string, values?: readonly unknown[]): Promise<void>;
  /** Tables whose rows are not those of the snapshot, row by row. */
  differing(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** They count what happens, also what is refused. */
const counting = ['rate_counters', 'idempotency_keys'];
/** Written by every request that finds its session or key alive. */
const touched: Readonly<Record<string, readonly string[]>> = {
  user_sessions: ['last_used_at'],
  api_keys: ['last_used_at'],
};

const tableRow = z.object({ name: z.string(), columns: z.string() });
const nameRow = z.object({ name: z.string() });

export async function takeSnapshot(world: World): Promise<Snapshot> {
  const client = await world.database.connect(world.database.server.superuser);
  const tables = await listTables(client);
  await client.query(prepare(tables.map(({ name }) => name)));
  const dirty = new Set<string>();
  const namesOf = async (sql: string) => (await client.query(sql)).rows.map((row) => nameRow.parse(row).name);
  const written = async () => {
    const names = await namesOf('delete from before.writes returning name');
    for (const name of names) dirty.add(name);
    return [...new Set(names)].toSorted();
  };
  const forced = async (...statements: readonly pg.QueryConfig[]) => {
    await client.query('begin; set local session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  };
  return {
    written,
    restore: async () => {
      await written();
      const spoilt = tables.filter(({ name }) => dirty.has(name));
      if (spoilt.length > 0) await forced({ text: spoilt.map(comeBack).join(';') });
      dirty.clear();
    },
    force: async (table, text, values = []) => {
      dirty.add(table);
      await forced({ text, values: [...values] });
    },
    differing: () => namesOf(`select name from (${tables.map(differs).join(' union all ')}) t where differs`),
    close: () => client.end(),
  };
}

async function listTables(client: pg.Client) {
  const { rows } = await client.query(
    `select quote_ident(c.relname) as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> all ($1)
     group by c.relname order by c.relname`,
    [counting],
  );
  return rows.map((row) => tableRow.parse(row));
}

/** A copy of every table, and a trigger on each that says when a row of it is written. */
function prepare(tables: readonly string[]): string {
  return `
    create schema before;
    create unlogged table before.writes (name text);
    create function before.note() returns trigger language plpgsql security definer as $$
    begin
      if tg_op <> 'UPDATE' or tg_argv[0] = '' or to_jsonb(old) - tg_argv[0]::text[] <> to_jsonb(new) - tg_argv[0]::text[] then
        insert into before.writes values (quote_ident(tg_table_name));
      end if;
      return null;
    end $$;
    ${tables
      .map(
        (name) => `create unlogged table before."t_${name}" as table public.${name};
          create trigger zz_written after insert or update or delete on public.${name}
          for each row execute function before.note('${touched[name] === undefined ? '' : `{${touched[name]}}`}');`,
      )
      .join('\n')}`;
}

function comeBack({ name, columns }: z.output<typeof tableRow>): string {
  return `delete from public.${name};
    insert into public.${name} (${columns}) overriding system value select ${columns} from before."t_${name}"`;
}

function differs({ name, columns }: z.output<typeof tableRow>): string {
  const except = touched[name] ?? [];
  const rows = (table: string) =>
    `(select md5(coalesce(string_agg(r, chr(10) order by r), '')) from (
      select (to_jsonb(t) - '{${except}}'::text[])::text as r from (select ${columns} from ${table}) t) x)`;
  return `select '${name}' as name, ${rows(`public.${name}`)} <> ${rows(`before."t_${name}"`)} as differs`;
}
