/**
 * Fills a seed schema: every column gets a value that no other column has, of its own type; what hangs together (counters and
 * the rows that they count, ranges, words with a form) is given by the rows of each system.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';

export type Given = Readonly<Record<string, unknown>>;
/** A table, and the cells of a row that are not free. */
export type SeedRow = readonly [table: string, given: Given];
export type FilledRow = Readonly<Record<string, unknown>>;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly length: number | null;
  readonly scale: number | null;
  readonly fallback: string | null;
  readonly generated: string;
  readonly isEnum: boolean;
}

/** Inserts the rows in order; returns what then stands in the tables, as JSON with instants in UTC. */
export async function fillSeed(client: pg.Client, rows: readonly SeedRow[]): Promise<Map<string, FilledRow[]>> {
  await client.query(`set time zone 'UTC'`);
  let count = 0;
  const columns = new Map<string, Column[]>();
  for (const [table, given] of rows) {
    if (!columns.has(table)) columns.set(table, await columnsOf(client, table));
    const free = columns.get(table)?.filter(({ generated, name }) => generated === '' && !(name in given)) ?? [];
    const cells: Record<string, unknown> = { ...given };
    for (const column of free) {
      count += 1;
      cells[column.name] = valueFor(table, column, count);
    }
    const names = Object.keys(cells).filter((name) => cells[name] !== undefined);
    await client.query(
      `insert into ${pg.escapeIdentifier(table)} (${names.map(pg.escapeIdentifier).join(', ')})
       values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      names.map((name) => prepared(columns.get(table), name, cells[name])),
    );
  }
  const { rows: views } = await client.query<{ name: string }>('select matviewname as name from pg_matviews');
  for (const { name } of views) await client.query(`refresh materialized view ${pg.escapeIdentifier(name)}`);
  const filled = new Map<string, FilledRow[]>();
  for (const table of [...columns.keys(), ...views.map(({ name }) => name)]) {
    const { rows: found } = await client.query<{ line: FilledRow }>(
      `select row_to_json(t) as line from ${pg.escapeIdentifier(table)} t`,
    );
    filled.set(
      table,
      found.map(({ line }) => line),
    );
  }
  return filled;
}

async function columnsOf(client: pg.Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select c.column_name as name, c.udt_name as type, c.character_maximum_length as length,
       c.numeric_scale as scale, c.column_default as fallback, a.attgenerated::text as generated, y.typtype = 'e' as "isEnum"
     from information_schema.columns c
     join pg_attribute a on a.attrelid = to_regclass(quote_ident(c.table_name)) and a.attname = c.column_name
     join pg_type y on y.oid = a.atttypid
     where c.table_schema = 'public' and c.table_name = $1 order by c.ordinal_position`,
    [table],
  );
  return rows;
}

function valueFor(table: string, { name, type, length, scale, fallback, isEnum }: Column, count: number): unknown {
  const words = `${table} ${name} ${count}`;
  const instant = new Date(Date.UTC(2025, 0, 1) + count * 3_600_000 + count);
  if (isEnum) throw new Error(`${table}.${name}: which word?`);
  switch (type) {
    case 'int2':
    case 'int4':
    case 'int8':
      return 1_000 + count;
    case 'float8':
      return count + 0.25;
    case 'numeric': // below 100, as a percentage has to be
      return (((count * 7) % 97) + (count % 100) / 100).toFixed(scale ?? 2);
    case 'bool':
      return fallback !== 'true';
    case 'varchar':
    case 'text':
      return words.slice(length === null ? 0 : Math.max(0, words.length - length));
    case 'timestamp':
    case 'timestamptz':
      return instant.toISOString().replace('Z', `${String(count % 1_000).padStart(3, '0')}Z`);
    case 'date':
      return instant.toISOString().slice(0, 10);
    case 'uuid':
      return randomUUID();
    case 'inet':
      return `10.1.${count >> 8}.${count & 255}`;
    case 'json':
    case 'jsonb':
      return { of: words };
    case '_text':
      return [words, `and ${words}`];
    default:
      throw new Error(`${table}.${name}: what is a ${type}?`);
  }
}

function prepared(columns: readonly Column[] | undefined, name: string, value: unknown): unknown {
  const type = columns?.find((column) => column.name === name)?.type;
  return type === 'json' || type === 'jsonb' ? JSON.stringify(value) : value;
}
