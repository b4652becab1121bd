/** An owner's database of one of the five systems, and bringing it in. */
import { readFile } from 'node:fs/promises';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { type ImportOptions, runImport } from '../../../infra/tools/import/command.ts';
import type { Report } from '../../../infra/tools/import/report.ts';
import type { SystemName } from '../../../infra/tools/import/systems.ts';
import type { Target } from '../../../infra/tools/sql-runner.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type FilledRow, fillSeed, type SeedRow } from './fill.ts';

export interface Owner {
  readonly database: TestDatabase;
  readonly url: string;
  readonly filled: ReadonlyMap<string, readonly FilledRow[]>;
}

/** A system as its owner has it: the schema of the document, with rows. */
export async function openOwner(system: SystemName, rows: readonly SeedRow[]): Promise<Owner> {
  const database = await createTestDatabase('template1');
  const client = await database.connect();
  await client.query(await readFile(new URL(`./${system}.sql`, import.meta.url), 'utf8'));
  const filled = await fillSeed(client, rows);
  await client.end();
  const { port, migrator } = database.server;
  const login = `${encodeURIComponent(migrator.user)}:${encodeURIComponent(migrator.password)}`;
  return { database, url: `postgres://${login}@127.0.0.1:${port}/${database.name}`, filled };
}

/** What the command finds in its environment, once a world is open. */
function targetOfEnvironment(): Target {
  const { DATABASE_CLUSTER_ARN = '', DATABASE_MIGRATOR_SECRET_ARN = '', DATABASE_NAME = '' } = process.env;
  return {
    client: new RDSDataClient({ maxAttempts: 1 }),
    clusterArn: DATABASE_CLUSTER_ARN,
    secretArn: DATABASE_MIGRATOR_SECRET_ARN,
    database: DATABASE_NAME,
  };
}

export interface Spoken {
  readonly report: Report;
  readonly said: readonly string[];
  readonly complained: readonly string[];
}

/** Imports in batches of three, so that every table has a border between batches. */
export async function bring(from: SystemName, url: string, more: Partial<ImportOptions> = {}): Promise<Spoken> {
  const said: string[] = [];
  const complained: string[] = [];
  const options = { from, url, dryRun: false, timeZone: 'UTC', label: from, batchSize: 3, ...more };
  const target = targetOfEnvironment();
  try {
    const report = await runImport(target, options, {
      say: (line) => void said.push(line),
      complain: (line) => void complained.push(line),
    });
    return { report, said, complained };
  } finally {
    target.client.destroy();
  }
}
