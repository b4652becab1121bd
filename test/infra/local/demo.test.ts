import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stopPlatforms } from '../../../infra/local/platforms/process.ts';
import { isFree } from '../../../infra/local/ports.ts';
import { removePostgres } from '../../../infra/local/postgres.ts';

// The whole story on the real clock, on a machine that runs other tests beside it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const project = fileURLToPath(new URL('../../..', import.meta.url));
let dataDir = '';
const children: ChildProcess[] = [];
const servers: Server[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-demo-'));
  chmodSync(dataDir, 0o755);
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
  await stopPlatforms(join(dataDir, 'platforms'));
  await removePostgres(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

function play(port: number, args: readonly string[] = [], folder = dataDir) {
  const child = spawn(process.execPath, ['infra/local/start.js', 'demo', ...args, '--data', folder], {
    cwd: project,
    env: { ...process.env, PORT: String(port) },
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const exit = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  const says = (words: string) =>
    vi.waitFor(() => expect(out, err).toContain(words), { timeout: 120_000, interval: 20 });
  return { child, exit, says, out: () => out, err: () => err };
}

async function takePort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Command lines that name the data folder: the demo, the platforms, PostgreSQL. */
function left(): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(dataDir));
}

async function expectNothingLeft(): Promise<void> {
  expect(left()).toEqual([]);
  const ports: Record<string, number> = JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8'));
  expect(Object.keys(ports)).toContain('postgres');
  for (const [name, port] of Object.entries(ports)) expect(await isFree(port), name).toBe(true);
}

describe('the demo', () => {
  test('shows four published posts, names the moved port, and leaves nothing running', async () => {
    const taken = await takePort();
    const run = play(taken);
    expect(await run.exit, run.err()).toBe(0);
    expect(run.err()).toBe('');
    const moved = new RegExp(`^port ${taken} on 127\\.0\\.0\\.1 is taken: this demo uses (\\d+) instead$`, 'm');
    const port = moved.exec(run.out())?.[1];
    const rows = [...run.out().matchAll(/^(\w+) +\d\d:\d\d:\d\d\.\d{3} +([\d.]+) s +(\d+) +(\d+) +\S+$/gm)];
    expect(rows.map((row) => row[1]).sort()).toEqual(['bluesky', 'community', 'mastodon', 'threads']);
    for (const row of rows) {
      expect(Number(row[2])).toBeLessThanOrEqual(20);
      expect(Number(row[3])).toBeGreaterThan(0);
      expect(Number(row[4])).toBeGreaterThan(0);
    }
    expect(run.out()).toMatch(/due .\d+\.\d\d s {2}queued/);
    expect(run.out()).toMatch(new RegExp(`^report http://127\\.0\\.0\\.1:${port}/`, 'm'));
    expect(run.out()).toContain(`PORT=${port} npm start -- --data ${dataDir} serves it`);
    await expectNothingLeft();
  });

  test.each([
    { moment: 'while it waits for the due second', words: 'scheduled for' },
    { moment: 'while the host is starting', words: 'migrations applied' },
  ])('is interrupted $moment: exit code 130, no complaint, nothing left running', async ({ words }) => {
    const run = play(0, ['--source']);
    await run.says(words);
    expect(left().length).toBeGreaterThan(1);
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(130);
    expect(run.err()).toBe('');
    expect(run.out()).not.toContain('report http');
    await expectNothingLeft();
  });

  test.each(['--env', '--watch', '--control', '--no-platforms', '/tmp'])('refuses %s in one line', async (argument) => {
    const run = play(0, [argument]);
    expect(await run.exit).toBe(1);
    expect(run.out()).toBe('');
    expect(run.err()).toBe(`unknown argument ${argument}; known are --data DIR, --fresh, --source\n`);
  });

  test('refuses a folder that cannot be written in one line', async () => {
    const run = play(0, [], join(project, 'package.json', 'below'));
    expect(await run.exit).toBe(1);
    expect(run.err()).toMatch(/^cannot write to [^\n]*ENOTDIR[^\n]*\n$/);
  });
});
