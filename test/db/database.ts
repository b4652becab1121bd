/** A database of its own behind a real Data API endpoint, and the SQL layer of the code connected to it. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import { applyEnvironment, clusterArn, region, sdkCredentials } from '../../infra/local/environment.ts';
import type { Target } from '../../infra/tools/sql-runner.ts';
import { reloadConfig } from '../../shared/config/config.ts';
import type { Caller } from '../../shared/db/caller.ts';
import { connect, type Db, type DbOptions } from '../../shared/db/client.ts';
import { startDataApi, type TestDataApi } from '../support/data-api.ts';
import { createTestDatabase, type TestDatabase, testServer } from '../support/postgres.ts';

export type Row = Record<string, unknown>;
export type Sql = (text: string, values?: readonly unknown[]) => Promise<Row[]>;
export type Login = 'api' | 'worker' | 'reporting';

export interface OpenDatabase {
  readonly database: TestDatabase;
  readonly api: TestDataApi;
  /** As the owner of the schema, for arranging and for looking. */
  readonly sql: Sql;
  /** What the migrator needs. */
  readonly target: Target;
  /** The code's own way to the database. */
  as(caller: Caller, more?: Partial<DbOptions>): Db;
  readonly worker: Db;
  /** A new connection with the login of a role. Ended by `close`. */
  login(role: Login): Promise<pg.Client>;
  /** Moves `app.now()` by so many seconds against the server's time. */
  moveClock(seconds: number): Promise<void>;
  close(): Promise<void>;
}

const secretsFile = z.object({
  secrets: z.array(z.object({ name: z.string(), versions: z.array(z.object({ value: z.string() })) })),
});
const loginShape = z.object({ username: z.string(), password: z.string() });

/** The login that the local Secrets Manager keeps for a role. */
export function loginOf(role: Login): { user: string; password: string } {
  const { secrets } = secretsFile.parse(JSON.parse(testServer().secrets));
  const wanted = `posthaste/database${role.charAt(0).toUpperCase()}${role.slice(1)}`;
  const value = secrets.find(({ name }) => name === wanted)?.versions.at(-1)?.value;
  const { username, password } = loginShape.parse(JSON.parse(value ?? 'null'));
  return { user: username, password };
}

const arnOf = (role: string) => `arn:aws:secretsmanager:${region}:000000000000:secret:posthaste/${role}`;

export async function openDatabase(): Promise<OpenDatabase> {
  const database = await createTestDatabase();
  const api = await startDataApi(database, {
    logins: { [arnOf('api')]: loginOf('api'), [arnOf('worker')]: loginOf('worker') },
  });
  applyEnvironment({
    AWS_REGION: region,
    AWS_ENDPOINT_URL: api.endpoint,
    AWS_ACCESS_KEY_ID: sdkCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sdkCredentials.secretAccessKey,
    DATABASE_CLUSTER_ARN: clusterArn,
    DATABASE_NAME: database.name,
    DATABASE_API_SECRET_ARN: arnOf('api'),
    DATABASE_WORKER_SECRET_ARN: arnOf('worker'),
  });
  reloadConfig();
  const owner = await database.connect();
  const opened: pg.Client[] = [owner];
  const as = (caller: Caller, more: Partial<DbOptions> = {}) =>
    connect({ caller, requestId: randomUUID(), patienceMs: () => 3_000, ...more });
  const { resourceArn, secretArn } = api.target;
  return {
    database,
    api,
    sql: async (text, values = []) => (await owner.query<Row>(text, [...values])).rows,
    target: { client: api.client, clusterArn: resourceArn, secretArn, database: database.name },
    as,
    worker: as({ kind: 'worker', name: 'test' }),
    login: async (role) => {
      const client = await database.connect(loginOf(role));
      opened.push(client);
      return client;
    },
    moveClock: async (seconds) => {
      const text = seconds === 0 ? 'now()' : `now() + interval ''${seconds} seconds''`;
      await owner.query(
        `create or replace function app.now() returns timestamptz language sql stable parallel safe as 'select ${text}'`,
      );
    },
    close: async () => {
      for (const client of opened) await client.end();
      await api.close();
      await database.drop();
    },
  };
}
