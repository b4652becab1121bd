/** Once per test run: one PostgreSQL for all test files, with one migrated template that their databases are copies of. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { TestProject } from 'vitest/node';
import { clusterArn, region, sdkCredentials } from '../../infra/local/environment.ts';
import { createFaults } from '../../infra/local/faults.ts';
import { readLogin } from '../../infra/local/host-secrets.ts';
import { asSuperuser, ensureCluster, removePostgres, startPostgres } from '../../infra/local/postgres.ts';
import { createWire, type Wire } from '../../infra/local/wire.ts';
import { migrateUp } from '../../infra/tools/migrate.ts';
import { freePort } from './free-port.ts';
import { isRunning } from './is-running.ts';
import { type TestServer, templateName } from './postgres.ts';

const prefix = 'posthaste-test-';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), prefix));
  await writeFile(join(dataDir, 'run.pid'), String(process.pid));
  async function teardown(): Promise<void> {
    await removePostgres(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
  try {
    await chmod(dataDir, 0o755);
    project.provide('postgres', await startServer(dataDir));
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

/** PostgreSQL outlives the run that started it, so what a killed run left is ended here. */
async function removeLeftovers(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(prefix))) {
    const dataDir = join(tmpdir(), name);
    const pid = Number(await readFile(join(dataDir, 'run.pid'), 'utf8').catch(() => ''));
    if (pid === 0 || isRunning(pid)) continue;
    await removePostgres(dataDir).catch(() => {});
    await rm(dataDir, { recursive: true, force: true }).catch(() => {});
  }
}

async function startServer(dataDir: string): Promise<TestServer> {
  const port = await freePort();
  const { superuser } = await startPostgres({ dataDir, port, durable: false, maxConnections: 400 });
  const awsDir = join(dataDir, 'aws');
  const wire = createWire({ dir: awsDir, port: await freePort(), faults: createFaults() });
  try {
    const login = readLogin({ get: wire.secretText }, wire.secrets.databaseMigrator);
    const migrator = { user: login.username, password: login.password };
    await ensureCluster({ port, superuser }, { database: templateName, migrator });
    await wire.listen(port);
    await prepareTemplate(wire);
    const secrets = await readFile(join(awsDir, 'secrets.json'), 'utf8');
    return { port, superuser, migrator, secrets };
  } finally {
    await wire.close();
    await asSuperuser({ port, superuser }, (client) => client.query(`alter database ${templateName} is_template true`));
  }
}

/** Brings the template to the newest schema, as the migrator and over the Data API. */
async function prepareTemplate(wire: Wire): Promise<void> {
  const client = new RDSDataClient({ maxAttempts: 1, region, endpoint: wire.origin, credentials: sdkCredentials });
  const passwordOf = (arn: string) => readLogin({ get: wire.secretText }, arn).password;
  await migrateUp(
    { client, clusterArn, database: templateName, secretArn: wire.secrets.databaseMigrator },
    {
      api: passwordOf(wire.secrets.databaseApi),
      worker: passwordOf(wire.secrets.databaseWorker),
      reporting: passwordOf(wire.secrets.databaseReporting),
    },
  );
  // Tests ask faster than people; those of the limits set their own.
  const sql = 'update rate_limits set max_requests = 100000000';
  const secretArn = wire.secrets.databaseMigrator;
  await client.send(new ExecuteStatementCommand({ resourceArn: clusterArn, database: templateName, secretArn, sql }));
  client.destroy();
}
