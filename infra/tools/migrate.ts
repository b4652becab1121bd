/**
 * The migrator: numbered pairs in sql/migrations, each applied in one transaction together with its own record, under a lock, so
 * that two migrators at once are safe and a failing file leaves nothing behind. A file that must run outside a transaction
 * (migration-file.ts) is finished by whoever runs next, from the step where it stopped.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import {
  createLedger,
  type Desk,
  exclusively,
  type LedgerRow,
  leaseFrom,
  openDesk,
  readLedger,
  type Timing,
  withRow,
} from './ledger.ts';
import { type MigrationFile, readMigrationFile } from './migration-file.ts';
import { retried, runOutside } from './outside-transaction.ts';
import { ensureRoles, type RolePasswords } from './roles.ts';
import { refuseToLose } from './rows-at-stake.ts';
import { type RunSql, sqlRunner, type Target } from './sql-runner.ts';

const FOLDER = new URL('../../sql/migrations/', import.meta.url);

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
  /** Begun: runs outside a transaction, and runs still or stopped half way; the next `up` (or `down`) goes on. */
  readonly state: 'applied' | 'pending' | 'changed' | 'unknown' | 'begun';
  readonly appliedAt: string | null;
}

export interface MigrateOptions {
  /** Default `sql/migrations`. */
  readonly folder?: URL;
  /** Which of its files count. Default: all. */
  readonly only?: (migration: Migration) => boolean;
  readonly timing?: Partial<Timing>;
  /** Told what takes long, one line each. Default: nobody. */
  readonly report?: (line: string) => void;
}

export interface DownOptions extends MigrateOptions {
  /** Refuse a step that would lose rows. Default false. */
  readonly keepRows?: boolean;
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
export async function migrateUp(
  target: Target,
  passwords: RolePasswords,
  given: URL | MigrateOptions = {},
): Promise<string[]> {
  const options = optionsOf(given);
  const desk = openDesk(target, options.timing, options.report);
  // Roles are altered one migrator at a time: PostgreSQL answers "tuple concurrently updated" otherwise.
  await ensureRoles((sql) => exclusively(desk, (run) => run(sql)), passwords);
  return applyFiles(target, options);
}

/** As `migrateUp`, where the roles are there already. */
export async function applyFiles(target: Target, options: MigrateOptions = {}): Promise<string[]> {
  const desk = openDesk(target, options.timing, options.report);
  await createLedger(desk);
  const rows = await readLedger(sqlRunner(target));
  const applied: string[] = [];
  for (const migration of await listMigrations(options.folder)) {
    if (options.only?.(migration) === false || isApplied(rows, migration)) continue;
    if (await apply(desk, migration)) applied.push(migration.name);
  }
  return applied;
}

/** Takes back the newest `steps` migrations; returns their names. */
export async function migrateDown(target: Target, steps: number, given: URL | DownOptions = {}): Promise<string[]> {
  const options = optionsOf(given);
  const desk = openDesk(target, options.timing, options.report);
  await createLedger(desk);
  const known = new Set((await readLedger(sqlRunner(target))).map(({ version }) => version));
  const undone: string[] = [];
  const newestFirst = (await listMigrations(options.folder)).filter(({ version }) => known.has(version)).reverse();
  for (const migration of newestFirst) {
    if (undone.length === steps) break;
    if (await takeBack(desk, migration, options.keepRows ?? false)) undone.push(migration.name);
  }
  return undone;
}

export async function migrationStatus(target: Target, folder?: URL): Promise<MigrationStatus[]> {
  await createLedger(openDesk(target));
  const rows = await readLedger(sqlRunner(target));
  const files = await listMigrations(folder);
  const known = files.map((file): MigrationStatus => {
    const row = rows.find((candidate) => candidate.version === file.version);
    if (row === undefined) return { version: file.version, name: file.name, state: 'pending', appliedAt: null };
    return { version: file.version, name: file.name, state: stateOf(row, file), appliedAt: row.appliedAt };
  });
  const strangers = rows
    .filter((row) => !files.some((file) => file.version === row.version))
    .map(({ version, name, appliedAt }): MigrationStatus => ({ version, name, state: 'unknown', appliedAt }));
  return [...known, ...strangers];
}

/** What was applied before is no turn of ours: each turn is four calls under the lock. */
function isApplied(rows: readonly LedgerRow[], { version, checksum }: Migration): boolean {
  return rows.some((row) => row.version === version && row.checksum === checksum && row.state === 'applied');
}

function stateOf(row: LedgerRow, file: Migration): MigrationStatus['state'] {
  if (row.checksum !== file.checksum) return 'changed';
  return row.state === 'applied' ? 'applied' : 'begun';
}

function optionsOf(given: URL | DownOptions): DownOptions {
  return given instanceof URL ? { folder: given } : given;
}

type Turn = 'done' | 'nothing to do' | { readonly stepsDone: number };

/** The whole file is tried again when a table was locked: nothing of it has happened then. */
async function apply(desk: Desk, migration: Migration): Promise<boolean> {
  const { version, name, checksum } = migration;
  const file = read(`${name}.up.sql`, migration.up);
  const turn = await retried(desk, name, () =>
    withRow(desk, version, async (run, row): Promise<Turn> => {
      if (row !== undefined && row.checksum !== checksum)
        throw new Error(`${name} was changed after it was ${row.state === 'applied' ? 'applied' : 'begun'}`);
      if (row?.state === 'applied') return 'nothing to do';
      if (row?.state === 'reverting') throw new Error(`${name} is half taken back: finish it with "down"`);
      if (file.outside) return claim(desk, run, migration, 'applying', row);
      await runFile(desk, run, `${name}.up.sql`, file);
      await run(
        'insert into schema_migrations (version, name, checksum) values (:version::integer, :name, :checksum)',
        { version: String(version), name, checksum },
      );
      return 'done';
    }),
  );
  if (typeof turn === 'string') return turn === 'done';
  await finishOutside(desk, { ...migration, label: `${name}.up.sql`, file, stepsDone: turn.stepsDone });
  await settle(
    desk,
    version,
    `update schema_migrations set state = 'applied', applied_at = now(), holder = null, lease_until = null`,
  );
  return true;
}

async function takeBack(desk: Desk, migration: Migration, keepRows: boolean): Promise<boolean> {
  const { version, name } = migration;
  const file = read(`${name}.down.sql`, migration.down);
  const turn = await retried(desk, name, () =>
    withRow(desk, version, async (run, row): Promise<Turn> => {
      if (row === undefined) return 'nothing to do';
      const asItWill = () => runFile(desk, run, `${name}.down.sql`, file);
      if (keepRows) await refuseToLose(run, name, file, asItWill);
      if (file.outside) return claim(desk, run, migration, 'reverting', row);
      await run('delete from schema_migrations where version = :version::integer', { version: String(version) });
      await asItWill();
      return 'done';
    }),
  );
  if (typeof turn === 'string') return turn === 'done';
  await finishOutside(desk, { ...migration, label: `${name}.down.sql`, file, stepsDone: turn.stepsDone });
  await settle(desk, version, 'delete from schema_migrations');
  return true;
}

/** Takes the lease; goes on where an earlier run in the same direction stopped. */
async function claim(
  desk: Desk,
  run: RunSql,
  { version, name, checksum }: Migration,
  state: 'applying' | 'reverting',
  row: LedgerRow | undefined,
): Promise<Turn> {
  const stepsDone = row?.state === state ? row.stepsDone : 0;
  await run(
    `insert into schema_migrations as m (version, name, checksum, state, steps_done, holder, lease_until)
     values (:version::integer, :name, :checksum, :state, :stepsDone::integer, :holder, ${leaseFrom(desk)})
     on conflict (version) do update set state = excluded.state, steps_done = excluded.steps_done, holder = excluded.holder,
       lease_until = excluded.lease_until, begun_at = case when m.state = excluded.state then m.begun_at else excluded.begun_at end,
       rows_done = case when m.state = excluded.state then m.rows_done else 0 end`,
    { version: String(version), name, checksum, state, stepsDone: String(stepsDone), holder: desk.me },
  );
  return { stepsDone };
}

interface Outside {
  readonly version: number;
  readonly label: string;
  readonly file: MigrationFile;
  readonly stepsDone: number;
}

async function finishOutside(desk: Desk, { version, label, file, stepsDone }: Outside): Promise<void> {
  try {
    await runOutside(desk, { version, name: label, steps: file.steps, stepsDone });
  } catch (error) {
    await letGo(desk, version);
    throw named(label, error);
  }
}

async function letGo(desk: Desk, version: number): Promise<void> {
  await settle(desk, version, 'update schema_migrations set lease_until = null').catch(() => undefined);
}

async function settle(desk: Desk, version: number, change: string): Promise<void> {
  const rows = await sqlRunner(desk.target)(
    `${change} where version = :version::integer and holder = :holder returning version`,
    { version: String(version), holder: desk.me },
  );
  if (rows.length === 0) throw new Error(`${version}: another migrator has taken over`);
}

async function runFile(desk: Desk, run: RunSql, label: string, file: MigrationFile): Promise<void> {
  try {
    await run(`set local lock_timeout = '${desk.timing.lockTimeoutMs}ms'`);
    for (const step of file.steps) await run(step.text);
  } catch (error) {
    throw named(label, error);
  }
}

function read(label: string, source: string): MigrationFile {
  try {
    return readMigrationFile(source);
  } catch (error) {
    throw named(label, error);
  }
}

function named(label: string, error: unknown): Error {
  return new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
