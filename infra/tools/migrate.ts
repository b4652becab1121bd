/**
 * The migrator: numbered pairs in sql/migrations, each applied in one transaction together with its own record, under a
 * lock, so that two migrators at once are safe and a failing file leaves nothing behind.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { ensureRoles, type RolePasswords } from './roles.ts';
import { splitSql } from './split-sql.ts';
import { inTransaction, type RunSql, sqlRunner, type Target } from './sql-runner.ts';

const FOLDER = new URL('../../sql/migrations/', import.meta.url);
const LOCK = '7164913350442961'; // any number that nothing else locks

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly checksum: string;
}

export interface MigrationStatus {
  readonly version: number;
  readonly name: string;
  readonly state: 'applied' | 'pending' | 'changed' | 'unknown';
  readonly appliedAt: string | null;
}

export async function listMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.up.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const up = await readFile(new URL(file, folder), 'utf8');
      const down = await readFile(new URL(file.replace('.up.sql', '.down.sql'), folder), 'utf8');
      const checksum = createHash('sha256').update(up).digest('hex');
      return { version: Number.parseInt(file, 10), name: file.replace('.up.sql', ''), up, down, checksum };
    }),
  );
}

/** Applies what is pending; returns the names of what it applied. Refuses when an applied file was changed since. */
export async function migrateUp(target: Target, passwords: RolePasswords, folder?: URL): Promise<string[]> {
  await ensureRoles(locked(target), passwords);
  await createLedger(target);
  const applied: string[] = [];
  for (const migration of await listMigrations(folder)) {
    const done = await inTransaction(target, async (run) => {
      await run(`select pg_advisory_xact_lock(${LOCK})::text`);
      const [row] = await run('select checksum from schema_migrations where version = :version::integer', {
        version: String(migration.version),
      });
      if (row !== undefined && row.checksum !== migration.checksum)
        throw new Error(`${migration.name} was changed after it was applied`);
      if (row !== undefined) return false;
      await runFile(run, `${migration.name}.up.sql`, migration.up);
      await run(
        'insert into schema_migrations (version, name, checksum) values (:version::integer, :name, :checksum)',
        {
          version: String(migration.version),
          name: migration.name,
          checksum: migration.checksum,
        },
      );
      return true;
    });
    if (done) applied.push(migration.name);
  }
  return applied;
}

/** Takes back the newest `steps` migrations; returns their names. */
export async function migrateDown(target: Target, steps: number, folder?: URL): Promise<string[]> {
  await createLedger(target);
  const undone: string[] = [];
  const newestFirst = (await listMigrations(folder)).reverse();
  for (const migration of newestFirst) {
    if (undone.length === steps) break;
    const done = await inTransaction(target, async (run) => {
      await run(`select pg_advisory_xact_lock(${LOCK})::text`);
      const rows = await run('delete from schema_migrations where version = :version::integer returning name', {
        version: String(migration.version),
      });
      if (rows.length === 0) return false;
      await runFile(run, `${migration.name}.down.sql`, migration.down);
      return true;
    });
    if (done) undone.push(migration.name);
  }
  return undone;
}

export async function migrationStatus(target: Target, folder?: URL): Promise<MigrationStatus[]> {
  await createLedger(target);
  const rows = await sqlRunner(target)(
    'select version, name, checksum, applied_at::text as applied_at from schema_migrations order by version',
  );
  const files = await listMigrations(folder);
  const known = files.map((file): MigrationStatus => {
    const row = rows.find((candidate) => candidate.version === file.version);
    if (row === undefined) return { version: file.version, name: file.name, state: 'pending', appliedAt: null };
    return {
      version: file.version,
      name: file.name,
      state: row.checksum === file.checksum ? 'applied' : 'changed',
      appliedAt: String(row.applied_at),
    };
  });
  const strangers = rows
    .filter((row) => !files.some((file) => file.version === row.version))
    .map(
      (row): MigrationStatus => ({
        version: Number(row.version),
        name: String(row.name),
        state: 'unknown',
        appliedAt: String(row.applied_at),
      }),
    );
  return [...known, ...strangers];
}

async function runFile(run: RunSql, name: string, text: string): Promise<void> {
  try {
    for (const statement of splitSql(text)) await run(statement);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function createLedger(target: Target): Promise<void> {
  await inTransaction(target, async (run) => {
    await run(`select pg_advisory_xact_lock(${LOCK})::text`);
    await run(`create table if not exists schema_migrations (
      version integer not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      constraint schema_migrations_pkey primary key (version)
    )`);
  });
}

/** Roles are altered one migrator at a time: PostgreSQL answers "tuple concurrently updated" otherwise. */
function locked(target: Target): RunSql {
  return (sql) =>
    inTransaction(target, async (run) => {
      await run(`select pg_advisory_xact_lock(${LOCK})::text`);
      return run(sql);
    });
}
