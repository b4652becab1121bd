/** A PostgreSQL for this bench alone, with databases that the migrator built over the Data API. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import pg from 'pg';
import { clusterArn, region, sdkCredentials } from '../../../infra/local/environment.ts';
import { createFaults } from '../../../infra/local/faults.ts';
import { readLogin } from '../../../infra/local/host-secrets.ts';
import { asSuperuser, ensureCluster, removePostgres, startPostgres } from '../../../infra/local/postgres.ts';
import { createWire } from '../../../infra/local/wire.ts';
import { migrateDown, migrateUp } from '../../../infra/tools/migrate.ts';
import { freePort } from '../../support/free-port.ts';

export interface DataServer {
  /** Makes a database and builds the schema in it. Returns the seconds that up, down to nothing and up again took. */
  build(database: string): Promise<{ readonly upS: number; readonly downS: number; readonly againS: number }>;
  /** As the superuser, who may become any role inside a transaction. Its owner ends it. */
  connect(database: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** What a server of this size would have; without fsync, since the disk is not what is measured. */
const SETTINGS = {
  shared_buffers: '2GB',
  maintenance_work_mem: '1GB',
  work_mem: '64MB',
  max_wal_size: '8GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  checkpoint_timeout: '1h',
  max_parallel_maintenance_workers: '1',
  autovacuum: 'off',
};

export async function startDataServer(): Promise<DataServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-bench-data-'));
  await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  const port = await freePort();
  const launch = () => startPostgres({ dataDir, port, durable: false, maxConnections: 60 });
  const first = await launch();
  await asSuperuser(first, async (client) => {
    for (const [name, value] of Object.entries(SETTINGS)) await client.query(`alter system set ${name} = '${value}'`);
  });
  await first.stop();
  const server = await launch();
  const wire = createWire({ dir: join(dataDir, 'aws'), port: await freePort(), faults: createFaults() });
  await wire.listen(port);
  const client = new RDSDataClient({ maxAttempts: 1, region, endpoint: wire.origin, credentials: sdkCredentials });
  const loginOf = (arn: string) => readLogin({ get: wire.secretText }, arn);
  const { databaseMigrator, databaseApi, databaseWorker, databaseReporting } = wire.secrets;

  async function build(database: string) {
    const { username, password } = loginOf(databaseMigrator);
    await ensureCluster(server, { database, migrator: { user: username, password } });
    const target = { client, clusterArn, database, secretArn: databaseMigrator };
    const passwords = {
      api: loginOf(databaseApi).password,
      worker: loginOf(databaseWorker).password,
      reporting: loginOf(databaseReporting).password,
    };
    const up = () => secondsOf(() => migrateUp(target, passwords));
    return { upS: await up(), downS: await secondsOf(() => migrateDown(target, 1_000)), againS: await up() };
  }

  return {
    build,
    connect: async (database) => {
      const connection = new pg.Client({ host: '127.0.0.1', port, database, ...server.superuser });
      await connection.connect();
      return connection;
    },
    stop: async () => {
      client.destroy();
      await wire.close();
      await removePostgres(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
