/** Tables, columns and references as the catalogue has them: what the pictures show. */
import type { RunSql } from '../sql-runner.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly primary: boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly partitioned: boolean;
}

export interface Reference {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Of `from`. */
  readonly columns: readonly string[];
  /** Every row of `from` has one. */
  readonly required: boolean;
  /** At most one row of `from` per row of `to`. */
  readonly single: boolean;
}

export interface Model {
  readonly tables: readonly Table[];
  readonly references: readonly Reference[];
}

export async function readModel(run: RunSql): Promise<Model> {
  const columns = await run(
    `select c.relname::text as table_name, c.relkind = 'p' as partitioned, a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)) as is_primary
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relname collate "C", a.attnum`,
  );
  const tables = [...Map.groupBy(columns, (row) => String(row.table_name))].map(
    ([name, rows]): Table => ({
      name,
      partitioned: rows[0]?.partitioned === true,
      columns: rows.map((row) => ({
        name: String(row.name),
        type: shortType(String(row.type)),
        required: row.required === true,
        primary: row.is_primary === true,
      })),
    }),
  );
  const references = await run(
    `select k.conname::text as name, c.relname::text as from_table, t.relname::text as to_table,
       (select string_agg(a.attname, ',' order by u.place) from unnest(k.conkey) with ordinality u (number, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number) as columns,
       not exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and not a.attnotnull) as required,
       exists (select from pg_index i where i.indrelid = k.conrelid and i.indisunique and i.indpred is null and i.indexprs is null
         and i.indkey::int2[] <@ k.conkey) as single
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class t on t.oid = k.confrelid
     where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = 'public'::regnamespace and not c.relispartition
     order by k.conname collate "C", c.relname collate "C"`,
  );
  return {
    tables,
    references: references.map((row) => ({
      name: String(row.name),
      from: String(row.from_table),
      to: String(row.to_table),
      columns: String(row.columns).split(','),
      required: row.required === true,
      single: row.single === true,
    })),
  };
}

const shortTypes: readonly (readonly [RegExp, string])[] = [
  [/^timestamp with time zone$/, 'timestamptz'],
  [/^time without time zone$/, 'time'],
  [/^character varying/, 'varchar'],
  [/^double precision$/, 'float8'],
];

function shortType(type: string): string {
  for (const [long, short] of shortTypes) if (long.test(type)) return type.replace(long, short);
  return type;
}
