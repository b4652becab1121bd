/**
 * One SQLite file per simulator. A write is in the file before the answer leaves, so a killed simulator has kept
 * everything it promised.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { z } from 'zod';

export interface Store {
  run(sql: string, ...values: readonly SQLInputValue[]): number;
  all<Row extends z.ZodType>(row: Row, sql: string, ...values: readonly SQLInputValue[]): z.output<Row>[];
  one<Row extends z.ZodType>(row: Row, sql: string, ...values: readonly SQLInputValue[]): z.output<Row> | null;
  /** All or nothing. `body` must not wait for anything. */
  atomic<T>(body: () => T): T;
  close(): void;
}

export function openStore(file: string, schema: string): Store {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  database.exec(schema);
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepared = (sql: string) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  return {
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    all: (row, sql, ...values) =>
      prepared(sql)
        .all(...values)
        .map((entry) => row.parse({ ...entry })),
    one: (row, sql, ...values) => {
      const entry = prepared(sql).get(...values);
      return entry === undefined ? null : row.parse({ ...entry });
    },
    atomic: (body) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = body();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}
