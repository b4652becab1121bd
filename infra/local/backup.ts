/**
 * Backup and recovery of the embedded PostgreSQL by the server's own means: an archive of its log, a copy of its files taken
 * while it runs, and recovery to an instant. What Aurora does by itself is gone through here step by step.
 */
import { appendFile, chmod, chown, copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { asSuperuser, type LocalPostgres, type PostgresOptions, startPostgres } from './postgres.ts';
import { type Account, findHome, type PostgresHome } from './postgres-home.ts';

const archiveTimeoutMs = 30_000;
/** Contents that belong to a running server, or are rebuilt by one that starts. The folders themselves must be there. */
const emptied: ReadonlySet<string> = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const leftOut: ReadonlySet<string> = new Set(['postmaster.pid', 'postmaster.opts', 'pg_internal.init']);

/** Starts PostgreSQL with an archive of its log beside the cluster: every change since can be replayed. */
export async function startArchiving(options: PostgresOptions): Promise<LocalPostgres> {
  const first = await startPostgres(options);
  const archive = archiveOf(first.location);
  await asSuperuser(first, async (client) => {
    await client.query('alter system set archive_mode = on');
    // Whole or not at all under its name; a segment that is there already is never written over.
    const command = `mkdir -p "${archive}" && test ! -f "${archive}/%f" && cp "%p" "${archive}/%f.part" && mv "${archive}/%f.part" "${archive}/%f"`;
    await client.query(`alter system set archive_command = ${client.escapeLiteral(command)}`);
  });
  await first.stop();
  return startPostgres(options);
}

/** Copies the cluster while it runs. One copy is kept; the archive must reach back to its beginning. */
export async function takeBackup(postgres: LocalPostgres, dataDir: string): Promise<void> {
  const home = await findHome(dataDir);
  const target = backupOf(home);
  await rm(target, { recursive: true, force: true });
  await asSuperuser(postgres, async (client) => {
    await client.query(`select pg_backup_start('posthaste', true)`);
    await copyTree(home.cluster, target, home.account, true);
    // Waits until the archive holds everything that the copy needs.
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
    await writeOwned(join(target, 'backup_label'), rows[0]?.labelfile ?? '', home.account);
  });
}

/** Finishes the segment that is being written, and waits until the archive holds it. */
export async function archiveNow(postgres: LocalPostgres): Promise<void> {
  await asSuperuser(postgres, async (client) => {
    const { rows } = await client.query<{ segment: string }>('select pg_walfile_name(pg_switch_wal()) as segment');
    const giveUpAt = performance.now() + archiveTimeoutMs;
    while (!(await isArchived(client, rows[0]?.segment ?? ''))) {
      if (performance.now() > giveUpAt) throw new Error('the log was not archived');
      await sleep(50);
    }
  });
}

async function isArchived(client: pg.Client, segment: string): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean }>(
    'select last_archived_wal >= $1 as done from pg_stat_archiver',
    [segment],
  );
  return rows[0]?.done === true;
}

/** Ends the server as a crash would, and removes its files. */
export async function destroyCluster(postgres: LocalPostgres, dataDir: string): Promise<void> {
  process.kill(postgres.pid, 'SIGKILL');
  const home = await findHome(dataDir);
  // Its other processes end by themselves once they notice, and may write until then.
  const giveUpAt = performance.now() + archiveTimeoutMs;
  while (performance.now() < giveUpAt) {
    await rm(home.cluster, { recursive: true, force: true }).catch(() => undefined);
    await sleep(200);
    if ((await readdir(home.location)).every((name) => name !== 'cluster')) return;
  }
  throw new Error(`${home.cluster} cannot be removed`);
}

/** Puts the copy in place and starts it: it replays the archive up to the instant (ISO, with its zone) and then lives on. */
export async function restoreTo(instant: string, options: PostgresOptions): Promise<LocalPostgres> {
  const home = await findHome(options.dataDir);
  await copyTree(backupOf(home), home.cluster, home.account, false);
  const settings = {
    restore_command: `cp "${archiveOf(home.location)}/%f" "%p"`,
    recovery_target_time: instant,
    recovery_target_action: 'promote',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(home.cluster, 'postgresql.auto.conf'), lines.join(''));
  await writeOwned(join(home.cluster, 'recovery.signal'), '', home.account);
  const postgres = await startPostgres(options);
  await asSuperuser(postgres, async (client) => {
    // It answers before it has reached the instant.
    while ((await client.query<{ on: boolean }>('select pg_is_in_recovery() as on')).rows[0]?.on === true)
      await sleep(50);
    for (const name of Object.keys(settings)) await client.query(`alter system reset ${name}`);
  });
  return postgres;
}

const archiveOf = (location: string) => join(location, 'archive');
const backupOf = (home: PostgresHome) => join(home.location, 'backup');

async function copyTree(from: string, to: string, account: Account | null, running: boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o700);
  await own(to, account);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (running && emptied.has(entry.name)) await makeOwned(target, account);
      else await copyTree(source, target, account, running);
    } else if (entry.isFile() && !(running && (leftOut.has(entry.name) || entry.name.startsWith('pgsql_tmp')))) {
      await copyOne(source, target, account, running);
    }
  }
}

/** A file that goes while it is copied is one whose going stands in the log. */
async function copyOne(source: string, target: string, account: Account | null, running: boolean): Promise<void> {
  try {
    await copyFile(source, target);
    await chmod(target, (await stat(source)).mode & 0o777);
    await own(target, account);
  } catch (error) {
    if (!(running && error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

async function makeOwned(folder: string, account: Account | null): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await own(folder, account);
}

async function writeOwned(file: string, text: string, account: Account | null): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
  await own(file, account);
}

async function own(path: string, account: Account | null): Promise<void> {
  if (account !== null) await chown(path, account.uid, account.gid);
}
