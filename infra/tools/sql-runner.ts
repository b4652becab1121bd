/** Plain SQL over the Data API, for what owns the schema: the migrator. The code itself goes through shared/db. */
import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';

export interface Target {
  readonly client: RDSDataClient;
  readonly clusterArn: string;
  /** Secret of the role that owns the schema. */
  readonly secretArn: string;
  readonly database: string;
}

export type RunSql = (sql: string, parameters?: Readonly<Record<string, string>>) => Promise<Record<string, unknown>[]>;

export interface RunnerOptions {
  readonly transactionId?: string;
  /** The server goes on with a statement for which the Data API no longer waits (45 s). The call fails all the same. */
  readonly continueAfterTimeout?: boolean;
}

export function sqlRunner(target: Target, options: RunnerOptions = {}): RunSql {
  return async (sql, parameters = {}) => {
    const answer = await target.client.send(
      new ExecuteStatementCommand({
        resourceArn: target.clusterArn,
        secretArn: target.secretArn,
        database: target.database,
        sql,
        includeResultMetadata: true,
        parameters: Object.entries(parameters).map(([name, stringValue]) => ({ name, value: { stringValue } })),
        ...options,
      }),
    );
    const labels = (answer.columnMetadata ?? []).map((column) => column.label ?? '');
    return (answer.records ?? []).map((record) =>
      Object.fromEntries(
        record.map((field, index) => [
          labels[index] ?? '',
          field.stringValue ?? field.longValue ?? field.booleanValue ?? null,
        ]),
      ),
    );
  };
}

/** Runs `work` in one transaction: all of it, or nothing. */
export async function inTransaction<T>(target: Target, work: (run: RunSql) => Promise<T>): Promise<T> {
  const { client, clusterArn: resourceArn, secretArn, database } = target;
  const { transactionId } = await client.send(new BeginTransactionCommand({ resourceArn, secretArn, database }));
  if (transactionId === undefined) throw new Error('the database began no transaction');
  try {
    const result = await work(sqlRunner(target, { transactionId }));
    await client.send(new CommitTransactionCommand({ resourceArn, secretArn, transactionId }));
    return result;
  } catch (error) {
    // A failed statement has ended it already; then there is nothing left to roll back.
    await client.send(new RollbackTransactionCommand({ resourceArn, secretArn, transactionId })).catch(() => undefined);
    throw error;
  }
}

/** SQLSTATE of a failed statement. The Data API writes it at the end of its message. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return [...error.message.matchAll(/SQLState: ([0-9A-Z]{5})/g)].at(-1)?.[1] ?? sqlStateOf(error.cause);
}

/** The Data API no longer waits; what becomes of the statement depends on `continueAfterTimeout`. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'StatementTimeoutException';
}
