/** `npm start` on a folder of its own: the host from bundles, PostgreSQL durable, in a process of its own. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { z } from 'zod';
import { createSecrets } from '../../infra/local/aws/secrets.ts';
import { databaseName } from '../../infra/local/environment.ts';
import { ensureSecrets, readLogin, type SecretArns } from '../../infra/local/host-secrets.ts';
import { keepPorts, type Ports } from '../../infra/local/ports.ts';
import { removePostgres } from '../../infra/local/postgres.ts';

export interface HostProcess {
  readonly origin: string;
  readonly ports: Ports;
  readonly secrets: SecretArns;
  /** Past row-level security, as the owner of the tables: for arranging, for looking, and for baselines. */
  readonly pool: pg.Pool;
  /** As the doors' own login, under row-level security. Its owner ends it. */
  apiPool(connections: number): pg.Pool;
  tick(schedule: string): Promise<void>;
  /** Data API calls since the start, by statement (or operation). */
  dataApiCalls(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

const startFile = fileURLToPath(new URL('../../infra/local/start.js', import.meta.url));
const startWithinMs = 120_000;
const poolSize = 10;

/** @param platforms starts the simulators too */
export async function startHostProcess({ platforms }: { platforms: boolean }): Promise<HostProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-bench-'));
  await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  const args = [startFile, '--data', dataDir, '--control', ...(platforms ? [] : ['--no-platforms'])];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let out = '';
  const hear = (chunk: unknown) => {
    out += String(chunk);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  async function clear(): Promise<void> {
    child.kill('SIGTERM');
    await closed;
    await removePostgres(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
  const ready = await waitFor(
    () => /^ready (http:\S+)/m.exec(out)?.[1],
    () => child.exitCode !== null,
  ).catch(async () => {
    await clear();
    throw new Error(`the host did not start: ${out}`);
  });
  const controlOrigin = /^control calls (http:\S+)/m.exec(out)?.[1] ?? '';
  // A load has few callers, each of whom asks for many.
  await control(controlOrigin, 'POST', '/limits', { maxRequests: 1_000_000_000 });
  const ports = await keepPorts(join(dataDir, 'ports.json'));
  const kept = createSecrets({ dir: join(dataDir, 'aws') });
  const secrets = ensureSecrets(kept);
  const { username: user, password } = readLogin(kept, secrets.databaseMigrator);
  const at = { host: '127.0.0.1', port: ports.postgres, database: databaseName };
  const pool = new pg.Pool({ ...at, user, password, max: poolSize });
  pool.on('error', () => {});
  return {
    origin: ready,
    ports,
    secrets,
    pool,
    apiPool: (max) => {
      const login = readLogin(kept, secrets.databaseApi);
      return new pg.Pool({ ...at, user: login.username, password: login.password, max });
    },
    tick: async (schedule) => void (await control(controlOrigin, 'POST', '/tick', { schedule })),
    dataApiCalls: async () => callsOf(await control(controlOrigin, 'GET', '/faults/seen')),
    stop: async () => {
      await pool.end();
      await clear();
    },
  };
}

async function waitFor(find: () => string | undefined, isOver: () => boolean): Promise<string> {
  const giveUpAt = performance.now() + startWithinMs;
  while (performance.now() < giveUpAt && !isOver()) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not ready');
}

async function control(origin: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(origin + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`control call ${method} ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

function callsOf(seen: unknown): Map<string, number> {
  const points = Object.entries(z.record(z.string(), z.number()).parse(seen));
  return new Map(
    points.flatMap(([point, count]) => {
      const name = /^data-api:(.+):before$/.exec(point)?.[1];
      return name === undefined ? [] : [[name, count] as const];
    }),
  );
}

/** What was called between two counts. */
export function callsBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  return new Map(
    [...after]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

export function sumOf(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}
