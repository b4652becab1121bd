/** columnMetadata: what the catalogue knows of the columns of a result. Costs a query, and is made only when asked for. */
import type pg from 'pg';
import { z } from 'zod';
import { type ColumnType, firstOwnOid, ownType } from './data-api-types.ts';

export interface ColumnMetadata {
  readonly name: string;
  readonly label: string;
  readonly type: number;
  readonly typeName: string;
  readonly schemaName: string;
  readonly tableName: string;
  readonly isAutoIncrement: boolean;
  readonly isSigned: boolean;
  readonly isCurrency: boolean;
  readonly isCaseSensitive: boolean;
  /** 0: never null, 1: may be null, 2: not known. */
  readonly nullable: number;
  readonly precision: number;
  readonly scale: number;
  readonly arrayBaseColumnType: number;
}

const column = z.object({
  table_id: z.coerce.number(),
  column_id: z.coerce.number(),
  column_name: z.string(),
  table_name: z.string(),
  required: z.boolean(),
  generated: z.boolean(),
});
type Column = z.output<typeof column>;

/** Types of the result's columns by their number; null for one that the service does not support. */
export async function ownTypes(
  client: pg.PoolClient,
  oids: readonly number[],
): Promise<Map<number, ColumnType | null>> {
  const own = oids.filter((oid) => oid >= firstOwnOid);
  const { rows } = await client.query<{ oid: string; typname: string; typtype: string }>(
    'select oid::text, typname, typtype::text from pg_catalog.pg_type where oid = any($1::oid[])',
    [own],
  );
  return new Map(rows.map((row) => [Number(row.oid), ownType(row.typname, row.typtype)]));
}

export async function describeColumns(
  client: pg.PoolClient,
  fields: readonly pg.FieldDef[],
  types: readonly ColumnType[],
): Promise<ColumnMetadata[]> {
  const tables = [...new Set(fields.map((field) => field.tableID).filter((id) => id !== 0))];
  const known = tables.length === 0 ? [] : await columnsOf(client, tables);
  return fields.flatMap((field, index) => {
    const type = types[index];
    const source = known.find((row) => row.table_id === field.tableID && row.column_id === field.columnID);
    return type === undefined ? [] : [describe(field, type, source)];
  });
}

async function columnsOf(client: pg.PoolClient, tables: readonly number[]): Promise<Column[]> {
  const { rows } = await client.query(
    `select a.attrelid::text as table_id, a.attnum as column_id, a.attname as column_name, c.relname as table_name,
       a.attnotnull as required,
       a.attidentity <> '' or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') like '%nextval(%' as generated
     from pg_catalog.pg_attribute a
     join pg_catalog.pg_class c on c.oid = a.attrelid
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = any($1::oid[]) and a.attnum > 0`,
    [tables],
  );
  return z.array(column).parse(rows);
}

function describe(field: pg.FieldDef, type: ColumnType, source: Column | undefined): ColumnMetadata {
  const generated = source?.generated ?? false;
  const numeric = /^(?:int[248]|float[48]|numeric)$/.test(type.name);
  return {
    name: source?.column_name ?? field.name,
    label: field.name,
    type: type.jdbc,
    typeName: generated ? (serials[type.name] ?? type.name) : type.name,
    schemaName: '',
    tableName: source?.table_name ?? '',
    isAutoIncrement: generated,
    isSigned: numeric,
    isCurrency: false,
    isCaseSensitive: !numeric && !/^(?:bool|date|time|timestamp|timestamptz)$/.test(type.name),
    nullable: source === undefined ? 2 : source.required ? 0 : 1,
    ...extent(field, type),
    arrayBaseColumnType: type.element?.jdbc ?? 0,
  };
}

const serials: Readonly<Record<string, string>> = { int2: 'smallserial', int4: 'serial', int8: 'bigserial' };

/** Precision and scale as PostgreSQL's JDBC driver reports them. */
const extents: Readonly<Record<string, readonly [precision: number, scale: number]>> = {
  bool: [1, 0],
  int2: [5, 0],
  int4: [10, 0],
  int8: [19, 0],
  float4: [8, 8],
  float8: [17, 17],
  date: [13, 0],
  time: [15, 6],
  timestamp: [29, 6],
  timestamptz: [35, 6],
};

function extent(field: pg.FieldDef, type: ColumnType): { precision: number; scale: number } {
  const name = type.element?.name ?? type.name;
  // The modifier counts four bytes of header; that of a numeric is precision and scale in one.
  const modifier = field.dataTypeModifier - 4;
  if (name === 'numeric') {
    return modifier < 0 ? { precision: 0, scale: 0 } : { precision: modifier >> 16, scale: modifier & 0xffff };
  }
  if (name === 'varchar' || name === 'bpchar') return { precision: modifier < 0 ? 2 ** 31 - 1 : modifier, scale: 0 };
  const [precision, scale] = extents[name] ?? [2 ** 31 - 1, 0];
  return { precision, scale };
}
