/**
 * Connections behind RDS Data API. A call outside a transaction has a session that is as new; a transaction pins one
 * connection, takes one call at a time, and ends with its first error.
 */
import { randomBytes } from 'node:crypto';
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

/** Who speaks in a transaction. A request need not repeat the database. */
export interface Caller {
  readonly user: string;
  readonly database: string | null;
}

export interface Limits {
  readonly statementTimeoutMs: number;
  readonly transactionIdleMs: number;
  readonly transactionLifeMs: number;
  /** Connections per role and database. */
  readonly maxConnections: number;
}

export type Work<T> = (client: pg.PoolClient) => Promise<T>;

export interface Sessions {
  /** Runs the work in a session of its own. */
  alone<T>(target: Target, continueAfterTimeout: boolean, work: Work<T>): Promise<T>;
  begin(target: Target): Promise<string>;
  /** Runs the work in the transaction. Whatever it throws ends the transaction. */
  within<T>(id: string, caller: Caller, continueAfterTimeout: boolean, work: Work<T>): Promise<T>;
  end(id: string, caller: Caller, how: 'commit' | 'rollback'): Promise<void>;
  close(): Promise<void>;
}

interface Transaction {
  readonly id: string;
  readonly client: pg.PoolClient;
  readonly target: Target;
  readonly begunMs: number;
  busy: boolean;
  idleTimer: NodeJS.Timeout | null;
}

/** Waiting for a free connection, and for a server that does not answer. */
const connectTimeoutMs = 15_000;
const idleConnectionMs = 10_000;
/** A server that hangs does not take a cancellation either. */
const cancelWaitMs = 5_000;
/** DISCARD ALL without its DISCARD PLANS, which changes nothing but the time of the next call (0.1 ms of 0.17). */
const asNew = `set session authorization default; reset all; deallocate all; close all; unlisten *;
  select pg_advisory_unlock_all(); discard temp; discard sequences`;
const rememberedEnds = 1_000;

export function createSessions(server: { host: string; port: number }, limits: Limits): Sessions {
  const pools = new Map<string, pg.Pool>();
  const transactions = new Map<string, Transaction>();
  const ended = new Map<string, string>();

  async function borrow(target: Target): Promise<pg.PoolClient> {
    const key = JSON.stringify(target);
    const pool = pools.get(key) ?? openPool(server, target, limits.maxConnections);
    pools.set(key, pool);
    try {
      return await pool.connect();
    } catch (error) {
      throw fromPostgres(error);
    }
  }

  async function alone<T>(target: Target, continueAfterTimeout: boolean, work: Work<T>): Promise<T> {
    const client = await borrow(target);
    const outcome = await guarded(client, continueAfterTimeout, work);
    if (outcome.kind === 'late') throw outcome.error;
    giveBack(client);
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.value;
  }

  async function begin(target: Target): Promise<string> {
    const client = await borrow(target);
    try {
      await client.query('begin');
    } catch (error) {
      client.release(true);
      throw fromPostgres(error);
    }
    const id = randomBytes(96).toString('base64');
    const transaction: Transaction = { id, client, target, begunMs: Date.now(), busy: false, idleTimer: null };
    transactions.set(id, transaction);
    rest(transaction);
    return id;
  }

  async function within<T>(id: string, caller: Caller, continueAfterTimeout: boolean, work: Work<T>): Promise<T> {
    const transaction = take(id, caller);
    const outcome = await guarded(transaction.client, continueAfterTimeout, work);
    if (outcome.kind === 'done' && transaction.client.getTransactionStatus() === 'T') {
      rest(transaction);
      return outcome.value;
    }
    forget(
      id,
      outcome.kind === 'done' ? 'was ended by its statement' : 'was aborted due to an error from a previous call',
    );
    if (outcome.kind === 'late') throw outcome.error;
    giveBack(transaction.client);
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.value;
  }

  async function end(id: string, caller: Caller, how: 'commit' | 'rollback'): Promise<void> {
    const { client } = take(id, caller);
    forget(id, 'has already ended');
    const outcome = await guarded(client, false, () => client.query(how));
    if (outcome.kind !== 'late') giveBack(client);
    if (outcome.kind !== 'done') throw outcome.error;
  }

  function take(id: string, caller: Caller): Transaction {
    const transaction = transactions.get(id);
    if (transaction === undefined) {
      const reason = ended.get(id) ?? 'is not found';
      throw new DataApiError('TransactionNotFoundException', `Transaction ${id} ${reason}`);
    }
    const { user, database } = transaction.target;
    if (caller.user !== user || (caller.database ?? database) !== database) {
      throw new DataApiError('BadRequestException', 'The secret or database is not the one that began the transaction');
    }
    if (transaction.busy) throw new DataApiError('DatabaseErrorException', 'Transaction is still running a query');
    transaction.busy = true;
    if (transaction.idleTimer !== null) clearTimeout(transaction.idleTimer);
    return transaction;
  }

  function rest(transaction: Transaction): void {
    const leftMs = transaction.begunMs + limits.transactionLifeMs - Date.now();
    transaction.busy = false;
    transaction.idleTimer = setTimeout(() => expire(transaction), Math.min(limits.transactionIdleMs, leftMs));
    transaction.idleTimer.unref();
  }

  function expire(transaction: Transaction): void {
    forget(transaction.id, 'has expired');
    giveBack(transaction.client);
  }

  function forget(id: string, reason: string): void {
    transactions.delete(id);
    ended.set(id, reason);
    const oldest = ended.keys().next().value;
    if (ended.size > rememberedEnds && oldest !== undefined) ended.delete(oldest);
  }

  /** Runs the work within the time limit. After `late` the connection is nobody's: it ends when the statement does. */
  async function guarded<T>(client: pg.PoolClient, continueAfterTimeout: boolean, work: Work<T>): Promise<Outcome<T>> {
    const timer = deadline(limits.statementTimeoutMs);
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
    const message = `Request timed out after ${limits.statementTimeoutMs} ms`;
    return { kind: 'late', error: new DataApiError('StatementTimeoutException', message, { dbConnectionId }) };
  }

  async function close(): Promise<void> {
    for (const transaction of [...transactions.values()]) {
      if (transaction.idleTimer !== null) clearTimeout(transaction.idleTimer);
      forget(transaction.id, 'has expired');
      if (!transaction.busy) transaction.client.release(true);
    }
    await Promise.all([...pools.values()].map((pool) => pool.end()));
    pools.clear();
  }

  return { alone, begin, within, end, close };
}

type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: DataApiError }
  | { readonly kind: 'late'; readonly error: DataApiError };

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
function giveBack(client: pg.PoolClient): void {
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
