/**
 * Connections behind RDS Data API. A call outside a transaction has a session that is as new; a transaction pins one
 * connection, takes one call at a time, and ends with its first error.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { DataApiError, fromPostgres } from './data-api-errors.ts';
import { createPools, giveBack, inTime, type Target, type Work } from './data-api-pools.ts';

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

const rememberedEnds = 1_000;

export function createSessions(server: { host: string; port: number }, limits: Limits): Sessions {
  const pools = createPools(server, limits.maxConnections);
  const transactions = new Map<string, Transaction>();
  const ended = new Map<string, string>();

  async function alone<T>(target: Target, continueAfterTimeout: boolean, work: Work<T>): Promise<T> {
    const client = await pools.borrow(target);
    const outcome = await inTime(client, limits.statementTimeoutMs, continueAfterTimeout, work);
    if (outcome.kind === 'late') throw outcome.error;
    giveBack(client);
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.value;
  }

  async function begin(target: Target): Promise<string> {
    const client = await pools.borrow(target);
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
    const outcome = await inTime(transaction.client, limits.statementTimeoutMs, continueAfterTimeout, work);
    const open = transactions.has(id) && transaction.client.getTransactionStatus() === 'T';
    if (outcome.kind === 'done' && open) {
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
    const outcome = await inTime(client, limits.statementTimeoutMs, false, () => client.query(how));
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

  async function close(): Promise<void> {
    for (const transaction of [...transactions.values()]) {
      if (transaction.idleTimer !== null) clearTimeout(transaction.idleTimer);
      forget(transaction.id, 'has expired');
      if (!transaction.busy) transaction.client.release(true);
    }
    await pools.close();
  }

  return { alone, begin, within, end, close };
}
