import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { stopPlatforms } from '../../../infra/local/platforms/process.ts';
import { isFree } from '../../../infra/local/ports.ts';
import { removePostgres } from '../../../infra/local/postgres.ts';
import { possibleLocations } from '../../../infra/local/postgres-home.ts';
import { isRunning } from '../../support/is-running.ts';

// Whole starts and stops, on a machine that runs other tests beside them.
vi.setConfig({ testTimeout: 120_000 });

const project = fileURLToPath(new URL('../../..', import.meta.url));
let dataDir = '';
const children: ChildProcess[] = [];

function makeFolder(): void {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-start-'));
  chmodSync(dataDir, 0o755);
}
function killStarted(): void {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
}
async function removeFolder(): Promise<void> {
  killStarted();
  await stopPlatforms(join(dataDir, 'platforms'));
  await removePostgres(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}

interface Run {
  readonly child: ChildProcess;
  lines(): string[];
  complaints(): string;
  /** Address of the ready line. */
  readonly ready: Promise<string>;
  readonly exit: Promise<number | string>;
}

function start(args: readonly string[] = ['--no-platforms'], port = '0'): Run {
  const child = spawn(process.execPath, ['infra/local/start.js', '--data', dataDir, '--source', ...args], {
    cwd: project,
    env: { ...process.env, PORT: port },
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
      const origin = /^ready (http:\/\/127\.0\.0\.1:\d+)/m.exec(out)?.[1];
      if (origin !== undefined) resolve(origin);
    });
    child.once('exit', () => reject(new Error(`it ended before it was ready: ${out}${err}`)));
  });
  ready.catch(() => undefined);
  const exit = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  return { child, ready, exit, lines: () => out.split('\n').filter((line) => line !== ''), complaints: () => err };
}

/** Root's cluster lies elsewhere when PostgreSQL's own user cannot reach the clone. */
const postmasterFile = () =>
  possibleLocations(dataDir)
    .map((folder) => join(folder, 'cluster', 'postmaster.pid'))
    .find((file) => existsSync(file));
const postmaster = () => readFileSync(postmasterFile() ?? 'no server', 'utf8').split('\n')[0];

const platforms = () =>
  z
    .object({ pid: z.int().nullable() })
    .parse(JSON.parse(readFileSync(join(dataDir, 'platforms', 'platforms.json'), 'utf8')));

const keptPort = (name: string) =>
  z.record(z.string(), z.int()).parse(JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8')))[name] ?? 0;

describe('one clear line and exit code 1', () => {
  beforeEach(makeFolder);
  afterEach(removeFolder);

  async function complaint(args: readonly string[] = ['--no-platforms'], port = '0'): Promise<string> {
    const run = start(args, port);
    expect(await run.exit).toBe(1);
    expect(run.lines()).toEqual([]);
    expect(run.complaints().trimEnd()).not.toContain('\n');
    return run.complaints();
  }

  test('a taken port', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    expect(await complaint(undefined, String(port))).toContain(`port ${port} on 127.0.0.1 is taken`);
    server.close();
  });

  test('a folder that cannot be written', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    expect(await complaint(['--data', join(file, 'below')])).toMatch(/^cannot write to .*ENOTDIR/);
  });

  test('a read-only folder', async () => {
    // Permissions do not stop root; a file system of the kernel's does.
    const kernels = process.platform === 'linux' ? '/sys/posthaste' : '/System/posthaste';
    chmodSync(dataDir, 0o555);
    const folder = process.getuid?.() === 0 ? kernels : join(dataDir, 'below');
    expect(await complaint(['--data', folder])).toMatch(/^cannot write to \S+: E(ROFS|ACCES|PERM)/);
    chmodSync(dataDir, 0o755);
  });

  test('--fresh on a folder that is none of ours, where everything stays', async () => {
    mkdirSync(join(dataDir, 'logs'));
    writeFileSync(join(dataDir, 'letter.txt'), 'dear');
    expect(await complaint(['--no-platforms', '--fresh'])).toContain('holds letter.txt and no data of Posthaste');
    expect(readdirSync(dataDir)).toEqual(['letter.txt', 'logs']);
  });

  test('unknown arguments and a port that is none', async () => {
    expect(await complaint(['--frehs'])).toContain('unknown argument --frehs');
    expect(await complaint(undefined, 'http')).toContain('PORT must be a port number, not http');
  });
});

describe('a run in a new folder', () => {
  beforeEach(makeFolder);
  afterEach(removeFolder);

  test('says once that it is ready, answers, and stops by SIGTERM with exit code 0, leaving no PostgreSQL', async () => {
    const run = start();
    const origin = await run.ready;
    expect((await fetch(`${origin}/inbox`)).status).toBe(200);
    expect((await fetch(`${origin}/v1/nothing-here`)).status).toBe(404);
    const pid = Number(postmaster());
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.lines().filter((line) => line.startsWith('ready '))).toHaveLength(1);
    expect(run.complaints()).toBe('');
    expect(isRunning(pid)).toBe(false);
  });

  test('a second start finds the data; --fresh begins anew', async () => {
    const first = start();
    await first.ready;
    first.child.kill('SIGTERM');
    await first.exit;
    const ports = readFileSync(join(dataDir, 'ports.json'), 'utf8');
    const secrets = readFileSync(join(dataDir, 'aws', 'secrets.json'), 'utf8');
    const second = start();
    await second.ready;
    expect(second.lines().join()).not.toContain('migrations applied');
    expect(readFileSync(join(dataDir, 'ports.json'), 'utf8')).toBe(ports);
    second.child.kill('SIGTERM');
    await second.exit;
    writeFileSync(join(dataDir, 'letter.txt'), 'dear');
    const third = start(['--no-platforms', '--fresh']);
    await third.ready;
    expect(readFileSync(join(dataDir, 'letter.txt'), 'utf8')).toBe('dear');
    expect(third.lines().join()).toContain('migrations applied');
    expect(readFileSync(join(dataDir, 'aws', 'secrets.json'), 'utf8')).not.toBe(secrets);
    third.child.kill('SIGTERM');
    expect(await third.exit).toBe(0);
  });

  test('--env ends quietly when its reader has seen enough', () => {
    writeFileSync(join(dataDir, 'ports.json'), '{}');
    const command = '"$0" infra/local/start.js --data "$1" --env | true';
    const piped = spawnSync('/bin/sh', ['-c', command, process.execPath, dataDir], { cwd: project, encoding: 'utf8' });
    expect([piped.status, piped.stderr]).toEqual([0, '']);
  });
});

describe('a run in a folder of earlier ones', () => {
  beforeAll(makeFolder);
  afterEach(killStarted);
  afterAll(removeFolder);

  test('holds its folder: a second one says who runs there', async () => {
    const first = start();
    const origin = await first.ready;
    const second = start();
    expect(await second.exit).toBe(1);
    expect(second.complaints()).toContain(`already runs on ${dataDir} (process ${first.child.pid}, ${origin})`);
    first.child.kill('SIGINT');
    expect(await first.exit).toBe(0);
  });

  test('after a kill the next start adopts the PostgreSQL and the platforms that are left, and takes over the lock', async () => {
    const killed = start([]);
    await killed.ready;
    const left = [postmaster(), platforms().pid];
    killed.child.kill('SIGKILL');
    await killed.exit;
    const next = start([]);
    await next.ready;
    expect([postmaster(), platforms().pid]).toEqual(left);
    next.child.kill('SIGTERM');
    expect(await next.exit).toBe(0);
    for (const name of ['postgres', 'control', 'mastodon', 'bluesky']) expect(await isFree(keptPort(name))).toBe(true);
  });

  test('platforms that die come back at the same addresses, and the terminal and the log say so', async () => {
    const run = start([]);
    await run.ready;
    const { pid } = platforms();
    process.kill(pid ?? 0, 'SIGKILL');
    const answer = async () => {
      const response = await fetch(`http://127.0.0.1:${keptPort('control')}/_control/health`).catch(() => null);
      return response === null ? null : z.object({ pid: z.int() }).parse(await response.json()).pid;
    };
    await vi.waitFor(async () => expect([null, pid]).not.toContain(await answer()), { timeout: 60_000, interval: 100 });
    expect(run.lines()).toContain('the platforms died; starting again');
    const lines = readFileSync(join(dataDir, 'logs', 'host.log'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ time: expect.any(String), message: 'the platforms died; starting again' }),
    );
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(await isFree(keptPort('control'))).toBe(true);
  });

  test('one press of Ctrl-C arrives twice under npm and still stops in order', async () => {
    const run = start();
    await run.ready;
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
    expect(postmasterFile()).toBeUndefined();
  });

  test('--env prints what other tools need to reach it', async () => {
    const run = start();
    const origin = await run.ready;
    const { PORT: _, ...withoutPort } = process.env;
    const print = () =>
      spawnSync(process.execPath, ['infra/local/start.js', '--data', dataDir, '--env'], {
        cwd: project,
        encoding: 'utf8',
        env: withoutPort,
      });
    const printed = print();
    // Links that a command prints begin with it.
    expect(printed.stdout).toContain(`export PUBLIC_BASE_URL='${origin}'`);
    expect(printed.stdout).toMatch(/^export AWS_ENDPOINT_URL='http:\/\/127\.0\.0\.1:\d+'$/m);
    expect(printed.stdout).toMatch(/^export DATABASE_MIGRATOR_SECRET_ARN='arn:aws:secretsmanager:/m);
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(print().stdout).toContain(`export PUBLIC_BASE_URL='http://127.0.0.1:3000'`);
  });

  test('--fresh ends the platforms of a killed run', async () => {
    const killed = start([]);
    await killed.ready;
    const control = keptPort('control');
    killed.child.kill('SIGKILL');
    await killed.exit;
    const next = start(['--no-platforms', '--fresh']);
    await next.ready;
    expect(await isFree(control)).toBe(true);
    expect(existsSync(join(dataDir, 'platforms'))).toBe(false);
    next.child.kill('SIGTERM');
    expect(await next.exit).toBe(0);
  });
});
