/** The server process of a cluster: whether it runs, launching it, ending it. All that reads `postmaster.pid`. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresError, type PostgresHome } from './postgres-home.ts';

const pollMs = 10;
/** A crash recovery replays at most max_wal_size (1 GB) of log. */
const startTimeoutMs = 120_000;
/** Processes of a killed server end by themselves once they look up; until then the cluster cannot be started. */
const orphansTimeoutMs = 20_000;
const fastStopTimeoutMs = 30_000;
const largestLogBytes = 16 * 1024 * 1024;

export interface LaunchOptions {
  readonly port: number;
  /** false: nothing survives a crash of the machine. For tests. */
  readonly durable: boolean;
  readonly maxConnections: number;
}

interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** The live server of this cluster, or null. Waits for one that is still starting. */
export async function findRunning(home: PostgresHome): Promise<PidFile | null> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    const file = readPidFile(home);
    if (file === null || !isServerOf(file.pid, home.cluster)) return null;
    if (file.ready) return file;
    await sleep(pollMs);
  }
  throw new PostgresError(`the PostgreSQL in ${home.location} does not become ready; its log is ${logOf(home)}`);
}

/** Starts the server in a session of its own, so that it outlives this process, and returns its id once it answers. */
export async function launch(home: PostgresHome, options: LaunchOptions): Promise<number> {
  disownPidFile(home);
  const deadline = Date.now() + orphansTimeoutMs;
  for (;;) {
    const attempt = await launchOnce(home, options);
    if (attempt.pid !== null) return attempt.pid;
    if (attempt.reason.includes('pre-existing shared memory block') && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    if (attempt.reason.includes('Address already in use') || attempt.reason.includes('could not create any TCP/IP')) {
      throw new PostgresError(`port ${options.port} on 127.0.0.1 is taken, PostgreSQL cannot listen there`);
    }
    throw new PostgresError(`PostgreSQL did not start: ${attempt.reason} (log: ${logOf(home)})`);
  }
}

/** Fast shutdown: open transactions are rolled back, what was committed is on disk. */
export async function stopServer(pid: number, cluster: string): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastStopTimeoutMs],
    ['SIGQUIT', fastStopTimeoutMs],
  ] as const) {
    if (!isServerOf(pid, cluster)) return;
    sendSignal(pid, signal);
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (!isServerOf(pid, cluster)) return;
      await sleep(pollMs);
    }
  }
  throw new PostgresError(`PostgreSQL (process ${pid}) does not stop`);
}

async function launchOnce(home: PostgresHome, options: LaunchOptions): Promise<Attempt> {
  const log = logOf(home);
  const old = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const begin = old > largestLogBytes ? 0 : old;
  const output = openSync(log, begin === 0 ? 'w' : 'a', 0o600);
  const child = spawn(join(home.binaries, 'postgres'), ['-D', home.cluster, ...settings(options)], {
    ...(home.account ?? {}),
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = fatalLine(log, begin) ?? `it ended with ${signal ?? code}`;
  });
  child.unref();
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (ended !== null) return { pid: null, reason: ended };
    const file = readPidFile(home);
    if (file?.ready && file.pid === child.pid) return { pid: file.pid, reason: '' };
    await sleep(pollMs);
  }
  return { pid: null, reason: `it was not ready after ${startTimeoutMs / 1000} s` };
}

type Attempt = { readonly pid: number; readonly reason: '' } | { readonly pid: null; readonly reason: string };

function settings(options: LaunchOptions): string[] {
  const values: Record<string, string | number> = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: options.maxConnections,
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Statements and values may hold what no log may hold.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    log_checkpoints: 'off',
    shared_preload_libraries: 'pg_stat_statements',
    // Those that app.run executes, and none that sets a password.
    'pg_stat_statements.track': 'all',
    'pg_stat_statements.track_utility': 'off',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Lines of postmaster.pid: pid, data folder, start, port, socket folder, address, shared memory, status. */
function readPidFile(home: PostgresHome): PidFile | null {
  const path = pidFileOf(home);
  if (!existsSync(path)) return null;
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return null;
  }
}

/**
 * A process id that a dead server left may belong to somebody else by now (or to a zombie), and PostgreSQL would
 * refuse to start. The file itself must stay: its shared memory key proves that no orphan still writes.
 */
function disownPidFile(home: PostgresHome): void {
  const file = readPidFile(home);
  if (file === null || isServerOf(file.pid, home.cluster)) return;
  const [, ...rest] = readFileSync(pidFileOf(home), 'utf8').split('\n');
  writeFileSync(pidFileOf(home), [String(2 ** 31 - 2), ...rest].join('\n'));
}

/** The server's working folder is its cluster. A zombie has none. */
export function isServerOf(pid: number, cluster: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  if (!existsSync('/proc/self/cwd')) return commandOf(pid).includes(cluster);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === cluster;
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function fatalLine(log: string, begin: number): string | null {
  // Whoever ended the server may have removed its folder already.
  if (!existsSync(log)) return null;
  const lines = readFileSync(log).subarray(begin).toString('utf8').split('\n');
  // The first error is the cause, what follows are consequences.
  const cause = lines.find((line) => /(?:FATAL|PANIC|LOG: {2}could not bind|error while loading)/.test(line));
  return cause?.replace(/^.*?(?:FATAL|PANIC|LOG): +/, '').trim() ?? null;
}

export function logOf(home: PostgresHome): string {
  return join(home.location, 'server.log');
}

function pidFileOf(home: PostgresHome): string {
  return join(home.cluster, 'postmaster.pid');
}
