/** A Data API endpoint over a test database, with the real SDK client in front of it. */
import { createServer } from 'node:http';
import {
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type ExecuteStatementCommandOutput,
  RDSDataClient,
} from '@aws-sdk/client-rds-data';
import { createDataApi, type DataApiOptions } from '../../infra/local/aws/data-api.ts';
import { createFaults, type Faults } from '../../infra/local/faults.ts';
import type { Credentials } from '../../infra/local/postgres.ts';
import type { TestDatabase } from './postgres.ts';

export const clusterArn = 'arn:aws:rds:us-east-1:000000000000:cluster:posthaste';
export const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:posthaste/test';

export interface TestDataApi {
  readonly client: RDSDataClient;
  readonly endpoint: string;
  readonly faults: Faults;
  /** What every request carries. */
  readonly target: { readonly resourceArn: string; readonly secretArn: string; readonly database: string };
  execute(sql: string, more?: Partial<ExecuteStatementCommandInput>): Promise<ExecuteStatementCommandOutput>;
  close(): Promise<void>;
}

export interface TestDataApiOptions {
  readonly limits?: DataApiOptions['limits'];
  /** Logins by secret ARN, besides the migrator's under `secretArn`. */
  readonly logins?: Readonly<Record<string, Credentials>>;
  readonly port?: number;
}

export async function startDataApi(database: TestDatabase, options: TestDataApiOptions = {}): Promise<TestDataApi> {
  const logins = new Map(Object.entries({ [secretArn]: database.server.migrator, ...options.logins }));
  const faults = createFaults();
  const api = createDataApi({
    connect: { host: '127.0.0.1', port: options.port ?? database.server.port },
    clusterArn,
    secretOf: (arn) => {
      const login = logins.get(arn);
      return Promise.resolve(login === undefined ? null : { username: login.user, password: login.password });
    },
    faults,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const server = createServer((request, response) => void api.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const client = new RDSDataClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const target = { resourceArn: clusterArn, secretArn, database: database.name };
  return {
    client,
    endpoint,
    faults,
    target,
    execute: (sql, more = {}) => client.send(new ExecuteStatementCommand({ ...target, sql, ...more })),
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.close();
    },
  };
}
