/**
 * `schema_migrations`: what is applied, and what is begun. A lock of the database lasts as long as a transaction, and locks of
 * a session end with each call of the Data API; so whoever works outside a transaction holds a lease in the row of the
 * migration, renews it, and writes each finished step together with what the step did.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, type RunSql, sqlRunner, type Target } from './sql-runner.ts';

const LOCK = '7164913350442961'; // any number that nothing else locks
const pollMs = 200;
const tellAfterMs = 1_000;

export interface Timing {
  /** How long a lease outlives its holder. Renewed at a quarter of it. */
  readonly leaseMs: number;
  /** How long a statement may queue for a lock: whatever wants the table meanwhile queues behind it. */
  readonly lockTimeoutMs: number;
  /** How long a migration tries to get its locks, and waits for another migrator. */
  readonly patienceMs: number;
}

const usualTiming: Timing = { leaseMs: 60_000, lockTimeoutMs: 3_000, patienceMs: 15 * 60_000 };

export interface Desk {
  readonly target: Target;
  readonly timing: Timing;
  /** This migrator among others. */
  readonly me: string;
  readonly report: (line: string) => void;
}

export function openDesk(target: Target, timing: Partial<Timing> = {}, report: Desk['report'] = () => {}): Desk {
  return { target, timing: { ...usualTiming, ...timing }, me: randomUUID(), report };
}

/** One migrator at a time; waits without holding a connection. */
export async function exclusively<T>(desk: Desk, work: (run: RunSql) => Promise<T>): Promise<T> {
  const began = performance.now();
  let told = false;
  for (;;) {
    const outcome = await inTransaction(desk.target, async (run) => {
      const [row] = await run(`select pg_try_advisory_xact_lock(${LOCK}) as got`);
      return row?.got === true ? { value: await work(run) } : null;
    });
    if (outcome !== null) return outcome.value;
    const waitedMs = performance.now() - began;
    if (waitedMs > desk.timing.patienceMs) throw new Error('another migrator is at work');
    if (!told && waitedMs > tellAfterMs) {
      told = true;
      desk.report('waiting: another migrator is at work (what a killed one had begun ends within 3 minutes)');
    }
    await sleep(pollMs);
  }
}

export async function createLedger(desk: Desk): Promise<void> {
  const [known] = await sqlRunner(desk.target)(
    `select from pg_attribute where attrelid = to_regclass('public.schema_migrations') and attname = 'lease_until'`,
  );
  if (known !== undefined) return;
  await exclusively(desk, async (run) => {
    await run(`create table if not exists schema_migrations (
      version integer not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      constraint schema_migrations_pkey primary key (version)
    )`);
    await run(`alter table schema_migrations
      add column if not exists state text not null default 'applied'
        constraint schema_migrations_state_known check (state in ('applied', 'applying', 'reverting')),
      add column if not exists begun_at timestamptz not null default now(),
      add column if not exists steps_done integer not null default 0,
      add column if not exists rows_done bigint not null default 0,
      add column if not exists holder text,
      add column if not exists lease_until timestamptz`);
    await run(`comment on table schema_migrations is
      'Applied migrations. Applying and reverting: files that run outside a transaction and are not finished, with their lease.'`);
  });
}

export interface LedgerRow {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly state: 'applied' | 'applying' | 'reverting';
  readonly appliedAt: string;
  readonly stepsDone: number;
  readonly rowsDone: number;
  readonly holder: string | null;
  /** Somebody works on it. */
  readonly leased: boolean;
}

const states = { applied: 'applied', applying: 'applying', reverting: 'reverting' } as const;

export async function readLedger(run: RunSql, version?: number): Promise<LedgerRow[]> {
  const rows = await run(
    `select version, name, checksum, state, applied_at::text as applied_at, steps_done, rows_done, holder,
       coalesce(lease_until > clock_timestamp(), false) as leased
     from schema_migrations where version = coalesce(nullif(:version, '')::integer, version) order by version`,
    { version: version === undefined ? '' : String(version) },
  );
  return rows.map((row) => ({
    version: Number(row.version),
    name: String(row.name),
    checksum: String(row.checksum),
    state: Object.values(states).find((state) => state === row.state) ?? 'applied',
    appliedAt: String(row.applied_at),
    stepsDone: Number(row.steps_done),
    rowsDone: Number(row.rows_done),
    holder: row.holder === null ? null : String(row.holder),
    leased: row.leased === true,
  }));
}

/** The row of a version once nobody else works on it, under the lock; undefined where there is none. */
export async function withRow<T>(
  desk: Desk,
  version: number,
  work: (run: RunSql, row: LedgerRow | undefined) => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + desk.timing.patienceMs;
  let told = false;
  for (;;) {
    const outcome = await exclusively(desk, async (run) => {
      const [row] = await readLedger(run, version);
      if (row?.leased === true && row.holder !== desk.me) return { busy: row.name };
      return { value: await work(run, row) };
    });
    if ('value' in outcome) return outcome.value;
    if (!told) desk.report(`${outcome.busy}: another migrator works on it`);
    told = true;
    if (performance.now() > giveUpAt) throw new Error(`${outcome.busy}: another migrator still works on it`);
    await sleep(pollMs);
  }
}

/** Renews the lease of a version until `stop`; another call than the one that runs a step, since a step may take hours. */
export function keepLease(desk: Desk, version: number): { stop(): Promise<void> } {
  const run = sqlRunner(desk.target);
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = () => {
    // A renewal that fails is made good by the next; a step notices when the lease went to somebody else.
    renewing = run(
      `update schema_migrations set lease_until = ${leaseFrom(desk)} where version = :version::integer and holder = :holder`,
      { version: String(version), holder: desk.me },
    ).catch(() => undefined);
  };
  const timer = setInterval(renew, desk.timing.leaseMs / 4);
  return {
    stop: async () => {
      clearInterval(timer);
      await renewing;
    },
  };
}

export const leaseFrom = (desk: Desk) => `clock_timestamp() + interval '${desk.timing.leaseMs} milliseconds'`;
