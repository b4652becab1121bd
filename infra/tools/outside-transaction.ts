/**
 * Runs the steps of a file outside a transaction. Each is a call of its own, is written down as done together with its effect
 * where PostgreSQL lets it, and is found out about where it does not: an index is there and valid, or it is not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Desk, keepLease, leaseFrom } from './ledger.ts';
import type { Step } from './migration-file.ts';
import { isTimeout, type RunSql, sqlRunner, sqlStateOf } from './sql-runner.ts';

const pollMs = 250;
const reportEveryMs = 5_000;

export interface Job {
  readonly version: number;
  /** Name of the file, for people. */
  readonly name: string;
  readonly steps: readonly Step[];
  readonly stepsDone: number;
}

/** Runs what is left of the job; the desk holds its lease. Throws what a step throws: a later run goes on from there. */
export async function runOutside(desk: Desk, job: Job): Promise<void> {
  const lease = keepLease(desk, job.version);
  try {
    await waitForAbandoned(desk, job);
    for (const [index, step] of job.steps.entries()) {
      if (index < job.stepsDone) continue;
      await retried(desk, job.name, () => runStep(desk, job, step, index + 1));
    }
  } finally {
    await lease.stop();
  }
}

async function runStep(desk: Desk, job: Job, step: Step, number: number): Promise<void> {
  if (step.kind === 'once') return runOnce(desk, job, step.text, number);
  if (step.kind === 'repeat') return runBatches(desk, job, step, number);
  if (step.kind === 'drop index') await dropIndex(desk, job, step.index, step.text);
  else await buildIndex(desk, job, step);
  await noteStep(desk, job, number);
}

/** A table that is locked is waited for; a deadlock is nobody's fault. */
export async function retried<T>(desk: Desk, name: string, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + desk.timing.patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const state = sqlStateOf(error);
      const passing = state === '55P03' || state === '40P01' || state === '40001';
      if (!passing || performance.now() > giveUpAt) throw error;
      if (attempt === 0) desk.report(`${name}: waits for a table that others hold`);
      await sleep(Math.min(desk.timing.lockTimeoutMs * 2 ** attempt, 30_000) * (0.5 + Math.random() / 2));
    }
  }
}

async function runOnce(desk: Desk, job: Job, text: string, number: number): Promise<void> {
  await effect(desk, job, text, `steps_done = ${number}`);
}

async function runBatches(
  desk: Desk,
  job: Job,
  step: Extract<Step, { kind: 'repeat' }>,
  number: number,
): Promise<void> {
  const run = sqlRunner(desk.target);
  const before = await readProgress(run, job);
  const left = step.total === null ? null : await countTotal(run, step.total);
  const beganAt = performance.now();
  let saidAt = beganAt;
  for (;;) {
    await retried(desk, job.name, () =>
      effect(desk, job, step.text, `steps_done = case when touched = 0 then ${number} else steps_done end`),
    );
    const now = await readProgress(run, job);
    const finished = now.stepsDone >= number;
    if (finished || performance.now() - saidAt > reportEveryMs) {
      saidAt = performance.now();
      const rows = now.rowsDone - before.rowsDone;
      const rate = Math.round((rows * 1000) / Math.max(1, saidAt - beganAt));
      const of = left === null ? '' : ` of ${left}`;
      desk.report(`${job.name}: step ${number}, ${rows}${of} rows, ${rate} rows/s${finished ? ', done' : ''}`);
    }
    if (finished) return;
  }
}

/** Slow or wrong, it is for people only. */
async function countTotal(run: RunSql, total: string): Promise<string | null> {
  try {
    const [row] = await run(total);
    return String(Object.values(row ?? {})[0]);
  } catch {
    return null;
  }
}

async function readProgress(run: RunSql, job: Job): Promise<{ stepsDone: number; rowsDone: number }> {
  const [row] = await run('select steps_done, rows_done from schema_migrations where version = :version::integer', {
    version: String(job.version),
  });
  return { stepsDone: Number(row?.steps_done), rowsDone: Number(row?.rows_done) };
}

/** Runs a statement and writes down that it did, in one transaction of the server. */
async function effect(desk: Desk, job: Job, text: string, note: string): Promise<void> {
  const outer = freeTag(text, 'step');
  const inner = freeTag(text, 'text');
  const before = await readProgress(sqlRunner(desk.target), job);
  await survivingTimeout(
    desk,
    job,
    `do ${outer}
    declare
      touched bigint;
    begin
      perform set_config('lock_timeout', '${desk.timing.lockTimeoutMs}ms', true);
      execute ${inner}${text}${inner};
      get diagnostics touched = row_count;
      update schema_migrations set rows_done = rows_done + touched, lease_until = ${leaseFrom(desk)}, ${note}
      where version = ${job.version} and holder = '${desk.me}';
      if not found then
        raise exception 'another migrator has taken over';
      end if;
    end
    ${outer}`,
    async () => {
      const after = await readProgress(sqlRunner(desk.target), job);
      return after.stepsDone > before.stepsDone || after.rowsDone > before.rowsDone;
    },
  );
}

function freeTag(text: string, word: string): string {
  for (let number = 0; ; number += 1) {
    const tag = `$${word}${number === 0 ? '' : `_${number}`}$`;
    if (!text.includes(tag)) return tag;
  }
}

async function noteStep(desk: Desk, job: Job, number: number): Promise<void> {
  const rows = await sqlRunner(desk.target)(
    `update schema_migrations set steps_done = ${number} where version = :version::integer and holder = :holder returning version`,
    { version: String(job.version), holder: desk.me },
  );
  if (rows.length === 0) throw new Error('another migrator has taken over');
}

type IndexState = 'valid' | 'invalid' | 'missing';

async function indexState(desk: Desk, name: string): Promise<IndexState> {
  const [row] = await sqlRunner(desk.target)(
    'select i.indisvalid as valid from pg_index i where i.indexrelid = to_regclass(:name)',
    { name },
  );
  if (row === undefined) return 'missing';
  return row.valid === true ? 'valid' : 'invalid';
}

async function buildIndex(desk: Desk, job: Job, step: Extract<Step, { kind: 'build index' }>): Promise<void> {
  const run = sqlRunner(desk.target);
  const [table] = await run('select relkind::text as kind from pg_class where oid = to_regclass(:name)', {
    name: step.table,
  });
  if (table?.kind !== 'p') return buildPlainIndex(desk, job, step.index, step.text);
  // PostgreSQL builds none concurrently over partitions: each partition gets its own, then they are joined.
  const rest = step.text.replace(
    /^create\s+(unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?\w+\s+on\s+/i,
    '',
  );
  const unique = /^create\s+unique/i.test(step.text) ? 'unique ' : '';
  const only = `create ${unique}index if not exists ${step.index} on only ${rest}`;
  await retried(desk, job.name, () => run(limited(desk, only)));
  const partitions = await run(
    `select t.relid::regclass::text as name
     from pg_partition_tree(to_regclass(:table)) t where t.isleaf and not exists (
       select from pg_index x join pg_inherits i on i.inhrelid = x.indexrelid
       where x.indrelid = t.relid and i.inhparent = to_regclass(:index) and x.indisvalid)`,
    { table: step.table, index: step.index },
  );
  for (const { name } of partitions) {
    const child = `${String(name).slice(0, 40)}_${step.index.slice(-20)}`;
    const text = `create ${unique}index concurrently ${child} on ${name}${rest.slice(step.table.length)}`;
    await buildPlainIndex(desk, job, child, text);
    await retried(desk, job.name, () => run(limited(desk, `alter index ${step.index} attach partition ${child}`)));
  }
  if ((await indexState(desk, step.index)) !== 'valid') throw new Error(`${step.index} is not valid`);
}

function limited(desk: Desk, text: string): string {
  const [outer, inner] = [freeTag(text, 'step'), freeTag(text, 'text')];
  const limit = `perform set_config('lock_timeout', '${desk.timing.lockTimeoutMs}ms', true)`;
  return `do ${outer} begin ${limit}; execute ${inner}${text}${inner}; end ${outer}`;
}

/** No limit for its locks: it waits for the transactions of others, but nobody waits for it. */
async function buildPlainIndex(desk: Desk, job: Job, index: string, text: string): Promise<void> {
  const state = await indexState(desk, index);
  if (state === 'valid') return;
  if (state === 'invalid') await dropIndex(desk, job, index, `drop index concurrently ${index}`);
  await survivingTimeout(desk, job, text, async () => (await indexState(desk, index)) === 'valid');
}

async function dropIndex(desk: Desk, job: Job, index: string, text: string): Promise<void> {
  if ((await indexState(desk, index)) === 'missing') return;
  await survivingTimeout(desk, job, text, async () => (await indexState(desk, index)) === 'missing');
}

/** Runs a statement to its end, also when the Data API no longer waits for it; then `happened` says how it ended. */
async function survivingTimeout(desk: Desk, job: Job, text: string, happened: () => Promise<boolean>): Promise<void> {
  try {
    await sqlRunner(desk.target, { continueAfterTimeout: true })(`${markOf(job)} ${text}`);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    await waitForAbandoned(desk, job);
    if (await happened()) return;
    throw new Error(`it ended with an error after the Data API no longer waited: ${text.slice(0, 80)}`, {
      cause: error,
    });
  }
}

/** Names the statements of a job in `pg_stat_activity`. */
const markOf = (job: Job) => `/* posthaste migration ${job.version} */`;

/** Waits until the server runs no statement of this job: one that outlived its call, or its migrator. */
async function waitForAbandoned(desk: Desk, job: Job): Promise<void> {
  const run = sqlRunner(desk.target);
  for (let told = false; ; told = true) {
    const [row] = await run(
      `select count(*) as running from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and starts_with(query, :mark)`,
      { mark: markOf(job) },
    );
    if (Number(row?.running) === 0) return;
    if (!told) desk.report(`${job.name}: waits for a statement that still runs on the server`);
    await sleep(pollMs);
  }
}
