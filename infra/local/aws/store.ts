/**
 * One SQLite file under the data folder holds the state of all wire endpoints. What was answered is in the write-ahead
 * log of the operating system, so it survives `kill -9` of this process (not a power cut: `synchronous = NORMAL`).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { z } from 'zod';

export interface Store {
  /** Folder of the SQLite file and of everything else the endpoints keep. */
  readonly dir: string;
  /** Runs `create … if not exists` statements. */
  define(ddl: string): void;
  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number;
  rows<S extends z.ZodType>(shape: S, sql: string, ...values: SQLInputValue[]): z.output<S>[];
  row<S extends z.ZodType>(shape: S, sql: string, ...values: SQLInputValue[]): z.output<S> | undefined;
  /** All or nothing; joins the transaction that is already open. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens (or creates) the state under `dir`. */
export function openStore(dir: string): Store {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dir, 'aws.sqlite'), { timeout: 5_000 });
  db.exec('pragma journal_mode = wal; pragma synchronous = normal;');
  const statements = new Map<string, StatementSync>();

  function prepared(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  return {
    dir,
    define: (ddl) => db.exec(ddl),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    rows: (shape, sql, ...values) =>
      prepared(sql)
        .all(...values)
        .map((row) => shape.parse(row)),
    row: (shape, sql, ...values) => {
      const row = prepared(sql).get(...values);
      return row === undefined ? undefined : shape.parse(row);
    },
    transaction: (work) => inTransaction(db, work),
    close: () => db.close(),
  };
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) return work();
  db.exec('begin immediate');
  try {
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}
