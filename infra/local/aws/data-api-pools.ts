/** PostgreSQL connections behind RDS Data API: lent per role and database, given back as new, used no longer than allowed. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataApiError, fromPostgres } from './data-api-errors.ts';
import { cancel, processIdOf } from './data-api-wire.ts';

/** As whom, and to which database. */
export interface Target {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export type Work<T> = (client: pg.PoolClient) => Promise<T>;

export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: DataApiError }
  | { readonly kind: 'late'; readonly error: DataApiError };

/** Waiting for a free connection, and for a server that does not answer. */
const connectTimeoutMs = 15_000;
const idleConnectionMs = 10_000;
/** A server that hangs does not take a cancellation either. */
const cancelWaitMs = 5_000;
/** DISCARD ALL without its DISCARD PLANS, which changes nothing but the time of the next call (0.1 ms of 0.17). */
const asNew = `set session authorization default; reset all; deallocate all; close all; unlisten *;
  select pg_advisory_unlock_all(); discard temp; discard sequences`;

export interface Pools {
  /** A connection whose session is as new. Throws a DataApiError. */
  borrow(target: Target): Promise<pg.PoolClient>;
  close(): Promise<void>;
}

export function createPools(server: { host: string; port: number }, maxConnections: number): Pools {
  const pools = new Map<string, pg.Pool>();

  async function borrow(target: Target): Promise<pg.PoolClient> {
    const key = JSON.stringify(target);
    const pool = pools.get(key) ?? openPool(server, target, maxConnections);
    pools.set(key, pool);
    try {
      return await pool.connect();
    } catch (error) {
      throw fromPostgres(error);
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...pools.values()].map((pool) => pool.end()));
    pools.clear();
  }

  return { borrow, close };
}

/** Runs the work within the time limit. After `late` the connection is nobody's: it ends when the statement does. */
export async function inTime<T>(
  client: pg.PoolClient,
  timeoutMs: number,
  continueAfterTimeout: boolean,
  work: Work<T>,
): Promise<Outcome<T>> {
  const timer = deadline(timeoutMs);
  const running = work(client).then(
    (value): Outcome<T> => ({ kind: 'done', value }),
    (error: unknown): Outcome<T> => ({ kind: 'failed', error: fromPostgres(error) }),
  );
  const outcome = await Promise.race([running, timer.reached]);
  timer.clear();
  if (outcome !== 'late') return outcome;
  const dbConnectionId = processIdOf(client);
  const ending = continueAfterTimeout ? running : Promise.all([running, cancel(client)]);
  void ending.then(() => client.release(true));
  if (!continueAfterTimeout) await Promise.race([running, sleep(cancelWaitMs, null, { ref: false })]);
  const message = `Request timed out after ${timeoutMs} ms`;
  return { kind: 'late', error: new DataApiError('StatementTimeoutException', message, { dbConnectionId }) };
}

function openPool(server: { host: string; port: number }, target: Target, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...server,
    ...target,
    max,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleConnectionMs,
    options: '-c timezone=UTC -c datestyle=ISO,YMD -c bytea_output=hex -c extra_float_digits=1',
  });
  // A connection that breaks is reported by the statement that runs on it; an idle one is simply gone.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Makes the session as new behind the answer's back, so that no caller waits for it. */
export function giveBack(client: pg.PoolClient): void {
  const rollback = client.getTransactionStatus() === 'I' ? Promise.resolve() : client.query('rollback');
  rollback
    .then(() => client.query(asNew))
    .then(
      () => client.release(),
      () => client.release(true),
    );
}

function deadline(timeoutMs: number): { reached: Promise<'late'>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const reached = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  return { reached, clear: () => clearTimeout(timer) };
}
