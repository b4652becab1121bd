/** The database of one installation: migrated, told where the platforms are, and its clock for tests. */
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { migrateUp } from '../tools/migrate.ts';
import { sqlRunner, type Target } from '../tools/sql-runner.ts';
import { clusterArn, databaseName, region, sdkCredentials } from './environment.ts';
import { readLogin, type SecretArns } from './host-secrets.ts';
import { ensureCluster, type LocalPostgres } from './postgres.ts';
import type { Wire } from './wire.ts';

export interface HostDatabase {
  /** Moves `app.now()` by so many milliseconds against the server's time; 0 sets it right. Survives restarts. */
  moveClock(offsetMs: number): Promise<void>;
  /** Lets every caller make so many requests of each class in a window. */
  setLimits(maxRequests: number): Promise<void>;
  /** Writes where the platforms of this machine are reached. */
  placePlatforms(places: readonly PlatformPlace[]): Promise<void>;
  close(): void;
}

export interface PlatformPlace {
  readonly name: string;
  readonly baseUrl: string | null;
  readonly authorizeUrl: string | null;
  readonly metricsUrl: string | null;
}

/** Makes the migrator and its database where they are missing. */
export async function ensureMigrator(postgres: LocalPostgres, wire: Wire): Promise<void> {
  const { username, password } = login(wire, wire.secrets.databaseMigrator);
  await ensureCluster(postgres, { database: databaseName, migrator: { user: username, password } });
}

/** Applies pending migrations over the Data API, as on AWS. */
export async function openDatabase(wire: Wire, report: (line: string) => void): Promise<HostDatabase> {
  const client = new RDSDataClient({
    maxAttempts: 1,
    region,
    endpoint: wire.origin,
    credentials: sdkCredentials,
  });
  const target: Target = { client, clusterArn, database: databaseName, secretArn: wire.secrets.databaseMigrator };
  const applied = await migrateUp(target, passwords(wire, wire.secrets)).catch((error: unknown) => {
    client.destroy();
    throw new Error(
      `the database was not migrated: ${error instanceof Error ? error.message : error} (--fresh begins anew)`,
      {
        cause: error,
      },
    );
  });
  if (applied.length > 0) report(`database: ${applied.length} migrations applied`);
  const run = sqlRunner(target);
  return {
    moveClock: async (offsetMs) => {
      const expression = offsetMs === 0 ? 'now()' : `now() + interval ''${Math.trunc(offsetMs)} milliseconds''`;
      await run(
        `create or replace function app.now() returns timestamptz language sql stable parallel safe as 'select ${expression}'`,
      );
    },
    setLimits: async (maxRequests) => {
      await run('update rate_limits set max_requests = :most::integer', { most: String(maxRequests) });
    },
    placePlatforms: async (places) => {
      await run(
        `update platforms p set base_url = place.base_url, authorize_url = place.authorize_url, metrics_url = place.metrics_url
         from jsonb_to_recordset(:places::jsonb) as place(name text, base_url text, authorize_url text, metrics_url text)
         where p.name = place.name`,
        { places: JSON.stringify(places.map(toRow)) },
      );
    },
    close: () => client.destroy(),
  };
}

function toRow({ name, baseUrl, authorizeUrl, metricsUrl }: PlatformPlace) {
  return { name, base_url: baseUrl, authorize_url: authorizeUrl, metrics_url: metricsUrl };
}

function passwords(wire: Wire, secrets: SecretArns) {
  return {
    api: login(wire, secrets.databaseApi).password,
    worker: login(wire, secrets.databaseWorker).password,
    reporting: login(wire, secrets.databaseReporting).password,
  };
}

function login(wire: Wire, arn: string) {
  return readLogin({ get: wire.secretText }, arn);
}
