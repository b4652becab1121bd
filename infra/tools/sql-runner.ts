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

export function sqlRunner(target: Target, transactionId?: string): RunSql {
  return async (sql, parameters = {}) => {
    const answer = await target.client.send(
      new ExecuteStatementCommand({
        resourceArn: target.clusterArn,
        secretArn: target.secretArn,
        database: target.database,
        sql,
        includeResultMetadata: true,
        parameters: Object.entries(parameters).map(([name, stringValue]) => ({ name, value: { stringValue } })),
        ...(transactionId !== undefined && { transactionId }),
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
    const result = await work(sqlRunner(target, transactionId));
    await client.send(new CommitTransactionCommand({ resourceArn, secretArn, transactionId }));
    return result;
  } catch (error) {
    // A failed statement has ended it already; then there is nothing left to roll back.
    await client.send(new RollbackTransactionCommand({ resourceArn, secretArn, transactionId })).catch(() => undefined);
    throw error;
  }
}
