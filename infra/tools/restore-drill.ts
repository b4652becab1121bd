/**
 * The restore drill: a server of its own is loaded, backed up, written to and destroyed, and is set back to an instant before
 * the harm was done. Every table must hash as it did then, the log of changes must be as it was sealed, and the demo's story must
 * pass on what was restored.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { archiveNow, destroyCluster, restoreTo, startArchiving, takeBackup } from '../local/backup.ts';
import { clusterArn, databaseName, region, sdkCredentials } from '../local/environment.ts';
import { createFaults } from '../local/faults.ts';
import { ensureMigrator } from '../local/host-database.ts';
import { readLogin } from '../local/host-secrets.ts';
import { stopPlatforms } from '../local/platforms/process.ts';
import { keepPorts } from '../local/ports.ts';
import { asSuperuser, type LocalPostgres, removePostgres } from '../local/postgres.ts';
import { createWire, type Wire } from '../local/wire.ts';
import { type Command, print, Unwell } from './command.ts';
import { dumpSchema } from './dump-schema.ts';
import { migrateUp } from './migrate.ts';
import { clearSeed, loadSeed } from './seed/load.ts';
import { type SeedName, seedNames, seedSets } from './seed/sets.ts';
import { type RunSql, sqlRunner, type Target } from './sql-runner.ts';
import { differingTables, hashTables } from './table-hashes.ts';
import { verifyAudit } from './verify-audit.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export interface DrillOptions {
  /** A folder of its own, as `npm start -- --data` takes one. */
  readonly dataDir: string;
  /** What is loaded before the backup. Default `demo`. */
  readonly set?: SeedName;
  /** Play the demo on what was restored. Default true. */
  readonly story?: boolean;
  readonly report?: (line: string) => void;
}

export interface DrillResult {
  /** What is not as it was at the instant; none when all is well. */
  readonly problems: readonly string[];
  readonly tables: number;
  readonly rows: number;
  /** Seals of the log of changes at the instant. */
  readonly seals: number;
  readonly backupMs: number;
  /** From the empty folder to a server that answers. */
  readonly restoreMs: number;
}

export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { dataDir, set = 'demo', report = () => {} } = options;
  const ports = await keepPorts(join(dataDir, 'ports.json'));
  const server = { dataDir, port: ports.postgres };
  let postgres = await startArchiving(server);
  const wire = createWire({ dir: join(dataDir, 'aws'), port: ports.aws, faults: createFaults() });
  const target = targetOf(wire);
  try {
    await ensureMigrator(postgres, wire);
    await wire.listen(ports.postgres);
    const run = sqlRunner(target);
    await migrateUp(target, passwordsOf(wire));
    await loadSeed(target, seedSets[set === 'minimal' ? 'demo' : 'minimal']);
    await loadSeed(target, seedSets[set]);
    await sealAll(run);
    report(`loaded ${set} on port ${postgres.port}`);

    const backupBegan = performance.now();
    await takeBackup(postgres, dataDir);
    const backupMs = performance.now() - backupBegan;
    report(`backed up while it ran, ${Math.round(backupMs)} ms`);

    await writeMore(target, set);
    const then = await remember(target);
    report(`noted ${then.instant}: ${then.hashes.size} tables, ${then.seals} seals`);
    await doHarm(run, postgres);
    await archiveNow(postgres);
    report('went on writing, then lost posts, people and a table');
    await destroyCluster(postgres, dataDir);
    report('destroyed the server and its files');

    const restoreBegan = performance.now();
    postgres = await restoreTo(then.instant, server);
    const restoreMs = performance.now() - restoreBegan;
    report(`restored to ${then.instant}, ${Math.round(restoreMs)} ms`);
    const problems = await compare(target, then);
    await wire.close();
    await postgres.stop();
    if (options.story !== false) problems.push(...(await playStory(dataDir, report)));
    return { problems, tables: then.hashes.size, rows: rowsOf(then.hashes), seals: then.seals, backupMs, restoreMs };
  } finally {
    target.client.destroy();
    await wire.close().catch(() => undefined);
    await postgres.stop().catch(() => undefined);
  }
}

function targetOf(wire: Wire): Target {
  const client = new RDSDataClient({ maxAttempts: 1, region, endpoint: wire.origin, credentials: sdkCredentials });
  return { client, clusterArn, database: databaseName, secretArn: wire.secrets.databaseMigrator };
}

function passwordsOf({ secretText, secrets }: Wire) {
  const of = (arn: string) => readLogin({ get: secretText }, arn).password;
  return {
    api: of(secrets.databaseApi),
    worker: of(secrets.databaseWorker),
    reporting: of(secrets.databaseReporting),
  };
}

interface Then {
  readonly instant: string;
  readonly hashes: ReadonlyMap<string, string>;
  readonly schema: string;
  readonly seals: number;
  readonly head: string;
}

/** The state at an instant, and the instant: nobody writes meanwhile. */
async function remember(target: Target): Promise<Then> {
  const run = sqlRunner(target);
  const [hashes, schema, audit] = [await hashTables(target), await dumpSchema(run), await verifyAudit(run)];
  const [row] = await run('select clock_timestamp()::text as instant');
  return { instant: String(row?.instant), hashes, schema, seals: audit.seals, head: JSON.stringify(audit.head) };
}

/** After the backup and before the instant: what only the log of the server holds. */
async function writeMore(target: Target, set: SeedName): Promise<void> {
  const run = sqlRunner(target);
  await run(`update content set body = body || ' (edited)'`);
  await run(`update users set role = 'creator' where id in (select id from users order by id limit 5)`);
  await run(`delete from comments where id in (select id from comments order by id limit 10)`);
  await clearSeed(target, seedSets[set === 'minimal' ? 'demo' : 'minimal']);
  await sealAll(run);
}

/** After the instant: more of the day's work, and then the accident. */
async function doHarm(run: RunSql, postgres: LocalPostgres): Promise<void> {
  await run(`update content set body = 'overwritten'`);
  await run(`update users set role = 'viewer' where id in (select id from users order by id limit 2)`);
  await sealAll(run);
  await run('delete from community_posts');
  await run('delete from user_sessions');
  await run('drop table notifications cascade');
  await asSuperuser(postgres, (client) => client.query('checkpoint'));
}

async function sealAll(run: RunSql): Promise<void> {
  while ((await run('select s.sequence::text as sequence from app.seal_audit(500) s')).length > 0);
}

async function compare(target: Target, then: Then): Promise<string[]> {
  const now = await remember(target);
  const { findings } = await verifyAudit(sqlRunner(target));
  return [
    ...differingTables(then.hashes, now.hashes).map(
      (name) => `${name}: was ${then.hashes.get(name) ?? 'not there'}, is ${now.hashes.get(name) ?? 'not there'}`,
    ),
    ...(now.schema === then.schema ? [] : ['the catalogue is another one']),
    ...(now.head === then.head ? [] : [`the log ends with ${now.head}, and ended with ${then.head}`]),
    ...findings.map((finding) => `the log of changes: ${JSON.stringify(finding)}`),
  ];
}

function rowsOf(hashes: ReadonlyMap<string, string>): number {
  return [...hashes.values()].reduce((sum, hash) => sum + Number.parseInt(hash, 10), 0);
}

/** `npm run demo` on the folder. */
async function playStory(dataDir: string, report: (line: string) => void): Promise<string[]> {
  const child = spawn(process.execPath, ['infra/local/start.js', 'demo', '--data', dataDir], {
    cwd: project,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += String(chunk);
    });
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (ended, signal) => resolve(ended ?? signal ?? ''));
  });
  if (code !== 0) return [`the demo ended with ${code}: ${said.trim().split('\n').slice(-3).join(' / ')}`];
  report('played the demo on it: the story holds');
  return [];
}

export const restoreDrill: Command = {
  usage: `[${seedNames.join('|')}] [--keep]`,
  summary: 'loads, backs up, destroys and restores a server of its own; --keep leaves its folder',
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { keep: { type: 'boolean', default: false } },
    });
    const set = seedNames.find((name) => name === (positionals[0] ?? 'demo'));
    if (set === undefined) throw new Error(`which set? ${seedNames.join(', ')}`);
    const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-drill-'));
    await chmod(dataDir, 0o755);
    try {
      const { problems, tables, rows, restoreMs } = await drill({ dataDir, set, report: print });
      if (problems.length > 0) throw new Unwell(problems.join('\n'));
      print(`${tables} tables and ${rows} rows are as they were; the restore took ${(restoreMs / 1000).toFixed(1)} s`);
    } finally {
      if (values.keep) print(`kept in ${dataDir}`);
      else await removeDrill(dataDir);
    }
  },
};

/** Ends what still runs on a drill's folder and removes it. */
export async function removeDrill(dataDir: string): Promise<void> {
  await stopPlatforms(join(dataDir, 'platforms'));
  await removePostgres(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}
