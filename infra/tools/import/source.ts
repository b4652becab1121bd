/** The owner's database: one read-only snapshot, read by cursors, so that memory is bounded by a batch. */
import pg from 'pg';
import { z } from 'zod';

export type Row = Readonly<Record<string, unknown>>;

export interface Column {
  readonly name: string;
  /** As pg_type names it. */
  readonly type: string;
}

export interface Reading {
  /** The table's own columns that are wanted. */
  readonly columns: readonly Column[];
  /** Further values, as SQL over `t` and what is joined, by the name that they get. */
  readonly more?: Readonly<Record<string, string>> | undefined;
  readonly join?: string | undefined;
  readonly order?: string | undefined;
}

export interface Source {
  /** Empty where there is no such table. */
  columnsOf(table: string): Promise<Column[]>;
  count(table: string): Promise<number>;
  /** Instants are ISO texts with offset; bigint and numeric are texts, so that no digit is lost. */
  read(table: string, reading: Reading, batchSize: number): AsyncGenerator<Row[]>;
  close(): Promise<void>;
}

declare global {
  interface JSON {
    /** A number in JSON that is written as it stands (ECMAScript 2026; the types do not know it yet). */
    rawJSON(text: string): unknown;
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

const line = z.object({ line: z.string() });
const shape = z.record(z.string(), z.unknown());

/** Opens the snapshot. `timeZone` is that of instants without a zone. */
export async function openSource(url: string, timeZone: string): Promise<Source> {
  const client = new pg.Client({ connectionString: url, application_name: 'posthaste import' });
  client.on('error', () => {});
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  await client.query(`set local statement_timeout = 0; set local time zone 'UTC'; set local datestyle = 'ISO, MDY'`);

  async function* read(table: string, reading: Reading, batchSize: number): AsyncGenerator<Row[]> {
    const own = reading.columns.map(
      (column) => `${asJson(column, timeZone)} as ${client.escapeIdentifier(column.name)}`,
    );
    const more = Object.entries(reading.more ?? {}).map(([name, sql]) => `${sql} as ${client.escapeIdentifier(name)}`);
    await client.query(`declare posthaste_import no scroll cursor for
      select row_to_json(r)::text as line from (
        select ${[...own, ...more].join(', ')} from ${client.escapeIdentifier(table)} t ${reading.join ?? ''}
        ${reading.order === undefined ? '' : `order by ${reading.order}`}
      ) r`);
    try {
      for (;;) {
        const { rows } = await client.query(`fetch ${batchSize} from posthaste_import`);
        if (rows.length === 0) return;
        yield rows.map((row) => shape.parse(parseExactly(line.parse(row).line)));
      }
    } finally {
      await client.query('close posthaste_import').catch(() => undefined);
    }
  }

  return {
    columnsOf: async (table) => {
      const { rows } = await client.query(
        `select a.attname as name, y.typname as type
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type y on y.oid = a.atttypid
         where c.oid = to_regclass(quote_ident($1)) and a.attnum > 0 and not a.attisdropped order by a.attnum`,
        [table],
      );
      return z.array(z.object({ name: z.string(), type: z.string() })).parse(rows);
    },
    count: async (table) => {
      const { rows } = await client.query(`select count(*)::integer as rows from ${client.escapeIdentifier(table)}`);
      return z.tuple([z.object({ rows: z.number() })]).parse(rows)[0].rows;
    },
    read,
    close: () => client.end(),
  };
}

/** A value of `t` such that JSON carries it whole. */
function asJson(column: Column, timeZone: string): string {
  const value = `t.${pg.escapeIdentifier(column.name)}`;
  switch (column.type) {
    case 'timestamp':
      return `(${value} at time zone ${pg.escapeLiteral(timeZone)})`;
    case 'int8':
    case 'numeric':
      return `${value}::text`;
    default:
      return value;
  }
}

/** JSON inside may carry numbers beyond 2^53, such as ids of platforms: they stay as they were written. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  );
}
