/** Constraints by the catalogue, and for keys, references and NOT NULL the statement that violates one. */
import type { Sql } from './database.ts';

export interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly kind: 'check' | 'unique' | 'exclude' | 'primary' | 'reference';
  readonly columns: readonly string[];
}

export interface Column {
  readonly table: string;
  readonly name: string;
}

/** Ours only: partitions repeat their table's, and the ledger of migrations is the migrator's. */
const OURS = `c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname <> 'schema_migrations'`;

/** Every constraint, and every unique index that is not one's own. */
export async function allConstraints(sql: Sql): Promise<Constraint[]> {
  const rows = await sql(`
    select c.relname as table, k.conname as name,
      case k.contype when 'c' then 'check' when 'u' then 'unique' when 'x' then 'exclude' when 'p' then 'primary' else 'reference' end as kind,
      coalesce((select json_agg(a.attname order by n) from unnest(k.conkey) with ordinality u (attnum, n)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum), '[]') as columns
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where ${OURS} and k.contype in ('c', 'u', 'x', 'p', 'f') and k.conparentid = 0
      -- A unique key around the primary one only carries composite references; nothing can break it alone.
      and not (k.contype = 'u' and k.conkey @> (select p.conkey from pg_constraint p where p.conrelid = k.conrelid and p.contype = 'p'))
    union all
    select c.relname, i.relname, 'unique', '[]'
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
    where ${OURS} and x.indisunique and not exists (select from pg_constraint k where k.conindid = x.indexrelid)
    order by 1, 2`);
  return rows.map(({ table, name, kind, columns }) => ({
    table: String(table),
    name: String(name),
    kind: kindOf(String(kind)),
    columns: Array.isArray(columns) ? columns.map(String) : [],
  }));
}

function kindOf(kind: string): Constraint['kind'] {
  switch (kind) {
    case 'check':
    case 'unique':
    case 'exclude':
    case 'primary':
      return kind;
    default:
      return 'reference';
  }
}

/** Columns that must not be null, but for those by which a table is cut into partitions (they choose the partition first). */
export async function requiredColumns(sql: Sql): Promise<Column[]> {
  const rows = await sql(`
    select c.relname as table, a.attname as name
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where ${OURS} and a.attnum > 0 and not a.attisdropped and a.attnotnull and a.attgenerated = ''
      and not exists (select from pg_partitioned_table p where p.partrelid = c.oid and a.attnum = any (p.partattrs))
    order by 1, a.attnum`);
  return rows.map(({ table, name }) => ({ table: String(table), name: String(name) }));
}

/** The first row of the table once more. */
export async function sameRowAgain(sql: Sql, table: string): Promise<string> {
  const [row] = await sql(
    `select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns from pg_attribute a
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`,
    [table],
  );
  const columns = String(row?.columns);
  return `insert into ${table} (${columns}) overriding system value select ${columns} from ${table} limit 1`;
}

/** Two ways to a row that refers to nothing: changing one, and adding one like it. One of them meets the reference first. */
export async function dangling(sql: Sql, { table, columns }: Constraint): Promise<string[]> {
  const last = columns.at(-1) ?? '';
  const attributes = await sql(
    `select quote_ident(a.attname) as name, a.attname = $2 as refers, format_type(a.atttypid, -1) as type,
       exists (select from pg_index x where x.indrelid = a.attrelid and x.indisunique and a.attnum = any (x.indkey::smallint[])) as once
     from pg_attribute a
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`,
    [table, last],
  );
  const nothing = (type: unknown) => {
    if (type === 'uuid') return 'uuidv7()';
    return type === 'text' ? "'nothing-' || uuidv7()" : '-2147483648';
  };
  const another = ({ name, type, refers, once }: (typeof attributes)[number]) => {
    if (refers === true || name === 'id') return nothing(type);
    return once === true && type === 'text' ? `${name} || uuidv7()` : name;
  };
  const present = columns.slice(0, -1).map((column) => `${column} is not null`);
  const one = `where ctid = (select ctid from ${table} where ${['true', ...present].join(' and ')} order by ${last} is null limit 1)`;
  const names = attributes.map(({ name }) => name).join(', ');
  const type = attributes.find(({ refers }) => refers === true)?.type;
  return [
    `update ${table} set ${last} = ${nothing(type)} ${one} returning 1`,
    `insert into ${table} (${names}) overriding system value select ${attributes.map(another).join(', ')} from ${table} ${one} returning 1`,
  ];
}
