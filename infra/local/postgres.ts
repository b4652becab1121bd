/** The embedded PostgreSQL: started, adopted or recovered, and the one database in it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { watching } from '../tools/watching.ts';
import { findHome, PostgresError, type PostgresHome, possibleLocations, reasonOf } from './postgres-home.ts';
import { findRunning, launch, stopServer } from './postgres-process.ts';

export { PostgresError } from './postgres-home.ts';

export interface PostgresOptions {
  /** Folder of this installation's data, such as `.data`. */
  readonly dataDir: string;
  /** Port on 127.0.0.1. A server that is adopted keeps the port it has. */
  readonly port: number;
  /** false: faster, and nothing survives a crash of the machine. For tests. Default true. */
  readonly durable?: boolean;
  /** Default 200. */
  readonly maxConnections?: number;
  readonly log?: (line: string) => void;
}

export interface LocalPostgres {
  readonly port: number;
  /** Absolute folder of the cluster, its log and the superuser's password. */
  readonly location: string;
  /** It ran already, left by a run that was killed. */
  readonly adopted: boolean;
  readonly superuser: Credentials;
  readonly pid: number;
  /** Fast shutdown. */
  stop(): Promise<void>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A server that was just killed, or is shutting down, can still be seen for this long. */
const dyingMs = 10_000;

const credentialsShape = z.object({ user: z.string(), password: z.string() });

/** Starts PostgreSQL, or adopts the one that a killed run left. It outlives this process until `stop`. Throws PostgresError. */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const log = options.log ?? (() => {});
  const home = await findHome(options.dataDir);
  const durable = options.durable ?? true;
  const left = await adopt(home);
  if (left !== null) {
    log(`PostgreSQL adopted on port ${left.port}`);
    return left;
  }
  if (!existsSync(home.cluster)) {
    log(`PostgreSQL makes its cluster in ${home.location}`);
    await initialise(home, durable);
  }
  const superuser = readSuperuser(home);
  const maxConnections = options.maxConnections ?? 200;
  const pid = await launch(home, { port: options.port, durable, maxConnections });
  log(`PostgreSQL listens on port ${options.port}`);
  return opened(home, options.port, pid, false, superuser);
}

/** Stops what runs there and removes the cluster of `dataDir`, wherever it lies. */
export async function removePostgres(dataDir: string): Promise<void> {
  const real = existsSync(dataDir) ? await realpath(dataDir) : dataDir;
  for (const location of possibleLocations(real)) {
    if (!existsSync(location)) continue;
    const cluster = join(location, 'cluster');
    const running = await findRunning({ location, cluster, binaries: '', account: null });
    if (running !== null) await stopServer(running.pid, cluster);
    await rm(location, { recursive: true, force: true });
  }
}

export interface ClusterOptions {
  readonly database: string;
  /** Owns the database and makes its roles; like the master user of an Aurora cluster it is no superuser. */
  readonly migrator: Credentials;
}

/** Makes the migrator and its database where they are missing. All that the superuser is ever used for. */
export async function ensureCluster(
  postgres: Pick<LocalPostgres, 'port' | 'superuser'>,
  options: ClusterOptions,
): Promise<void> {
  await asSuperuser(postgres, async (client) => {
    const role = client.escapeIdentifier(options.migrator.user);
    const password = client.escapeLiteral(options.migrator.password);
    const roles = await client.query('select from pg_roles where rolname = $1', [options.migrator.user]);
    const verb = roles.rowCount === 0 ? 'create' : 'alter';
    const rights = 'login createrole createdb nosuperuser nobypassrls noreplication';
    await client.query(`${verb} role ${role} with ${rights} password ${password}`);
    const databases = await client.query('select from pg_database where datname = $1', [options.database]);
    if (databases.rowCount === 0) {
      await client.query(`create database ${client.escapeIdentifier(options.database)} owner ${role}`);
    }
    // What Aurora's master user has: the migrator's functions tell how statements and tables do.
    await client.query(`grant pg_read_all_stats to ${role}`);
  });
  const watch = async (client: pg.Client) => {
    await client.query(watching);
    await client.query(`grant usage on schema watching to ${client.escapeIdentifier(options.migrator.user)}`);
  };
  await asSuperuser(postgres, watch, options.database);
}

/** Lends a connection of the superuser to a database. */
export async function asSuperuser<T>(
  postgres: Pick<LocalPostgres, 'port' | 'superuser'>,
  work: (client: pg.Client) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const client = new pg.Client({ host: '127.0.0.1', port: postgres.port, database, ...postgres.superuser });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function opened(
  home: PostgresHome,
  port: number,
  pid: number,
  adopted: boolean,
  superuser: Credentials,
): LocalPostgres {
  return {
    port,
    pid,
    adopted,
    superuser,
    location: home.location,
    stop: () => stopServer(pid, home.cluster),
  };
}

/** The running server of this cluster, once it has answered; null when there is none. */
async function adopt(home: PostgresHome): Promise<LocalPostgres | null> {
  const deadline = Date.now() + dyingMs;
  for (;;) {
    const running = await findRunning(home);
    if (running === null) return null;
    const superuser = readSuperuser(home);
    try {
      await checkAnswer(home, running.port, superuser);
      return opened(home, running.port, running.pid, true, superuser);
    } catch (error) {
      if (Date.now() < deadline) {
        await sleep(50);
        continue;
      }
      const reason = `the PostgreSQL left by an earlier run cannot be adopted: ${reasonOf(error)}`;
      throw new PostgresError(reason, { cause: error });
    }
  }
}

async function checkAnswer(home: PostgresHome, port: number, superuser: Credentials): Promise<void> {
  const answer = await asSuperuser({ port, superuser }, (client) =>
    client.query<{ data_directory: string }>('show data_directory'),
  );
  const folder = answer.rows[0]?.data_directory;
  if (folder !== home.cluster) throw new Error(`port ${port} belongs to the cluster in ${folder}`);
}

/** Makes the cluster beside its place and moves it there, so that a killed run never leaves half of one. */
async function initialise(home: PostgresHome, durable: boolean): Promise<void> {
  const part = `${home.cluster}.part`;
  const passwordFile = join(home.location, 'password.part');
  const superuser = { user: 'postgres', password: randomBytes(24).toString('base64url') };
  await rm(part, { recursive: true, force: true });
  await writeFile(superuserFile(home), JSON.stringify(superuser), { mode: 0o600 });
  await writeFile(passwordFile, superuser.password, { mode: 0o600 });
  if (home.account !== null) await chown(passwordFile, home.account.uid, home.account.gid);
  try {
    await runInitdb(home, [
      ...['-D', part, '-U', superuser.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-instructions'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(durable ? [] : ['--no-sync']),
    ]);
    await rename(part, home.cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function runInitdb(home: PostgresHome, args: readonly string[]): Promise<void> {
  const child = spawn(join(home.binaries, 'initdb'), args, {
    ...(home.account ?? {}),
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  const code = await new Promise<number | string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', resolve);
  });
  if (code === 0) return;
  const line = complaint.split('\n').find((text) => text.includes('error:') || text.includes('FATAL')) ?? complaint;
  throw new PostgresError(`PostgreSQL could not make its cluster in ${home.location}: ${line.trim() || code}`);
}

function readSuperuser(home: PostgresHome): Credentials {
  try {
    return credentialsShape.parse(JSON.parse(readFileSync(superuserFile(home), 'utf8')));
  } catch (error) {
    throw new PostgresError(`${superuserFile(home)} is missing or broken; start with --fresh`, { cause: error });
  }
}

function superuserFile(home: PostgresHome): string {
  return join(home.location, 'superuser.json');
}
