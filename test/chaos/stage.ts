/** Everything a kill needs around it: the platforms that survive and judge, a host that is killed, people and accounts. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { connectAccounts } from '../../infra/local/demo/accounts.ts';
import { type Api, createApi } from '../../infra/local/demo/api.ts';
import { type Person, registerPerson } from '../../infra/local/demo/people.ts';
import { upload } from '../../infra/local/demo/uploads.ts';
import { createPlatformsClient, type PlatformsClient } from '../../infra/local/platforms/control-client.ts';
import { startPlatforms } from '../../infra/local/platforms/process.ts';
import { anyFreePort } from '../../infra/local/ports.ts';
import { removePostgres } from '../../infra/local/postgres.ts';
import { type HostProcess, startHostProcess } from './process.ts';
import type { HostSettings } from './settings.ts';

export const platformNames = ['community', 'mastodon', 'threads', 'bluesky'] as const;
export type Platform = (typeof platformNames)[number];

export interface Project {
  readonly id: string;
  /** Account ids. */
  readonly accounts: Readonly<Record<Platform, string>>;
  /** Media ids. */
  readonly photo: string;
  readonly video: string;
}

export interface Stage {
  readonly dataDir: string;
  readonly judge: PlatformsClient;
  readonly projects: readonly Project[];
  host(): HostProcess;
  /** Starts a host on the same folder, after the last one has ended. */
  restart(): Promise<void>;
  /** After a kill that went wrong: a living host without armed faults. */
  revive(): Promise<void>;
  /** Milliseconds by which `app.now()` and the platforms' clocks are ahead. */
  offsetMs(): number;
  /** Moves `app.now()` and the platforms' clocks ahead, while no worker runs: a lease ends only when its worker is gone. */
  advance(byMs: number): Promise<void>;
  /** With a fresh session. */
  api(): Promise<Api & { readonly token: string }>;
  /** Looks into the database as its superuser. */
  sql<S extends z.ZodType>(row: S, text: string, values?: readonly unknown[]): Promise<z.output<S>[]>;
  close(how?: { readonly keep: boolean }): Promise<void>;
}

const prefix = 'posthaste-chaos-';
const projectCount = 3;
const publishQueue = 'publish';
const photo = new URL('../media/camera.jpg', import.meta.url);
const video = new URL('../media/video.mp4', import.meta.url);

export async function openStage(): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(dataDir, 0o755);
  const threadsApp = { clientId: 'posthaste-chaos', clientSecret: 'secret-of-no-account' };
  const platforms = await startPlatforms({ dataDir: join(dataDir, 'platforms'), app: threadsApp });
  let host: HostProcess | null = null;
  async function close({ keep }: { readonly keep: boolean } = { keep: false }): Promise<void> {
    if (host !== null && host.ended() === null) {
      process.kill(host.pid, 'SIGKILL');
      await host.end;
    }
    await platforms.stop();
    await removePostgres(dataDir);
    if (!keep) rmSync(dataDir, { recursive: true, force: true });
  }
  try {
    if (!platforms.bluesky.available) throw new Error(`no Bluesky: ${platforms.bluesky.reason}`);
    const judge = createPlatformsClient(platforms.origins.control);
    await calm(judge);
    const port = await anyFreePort();
    const settings: HostSettings = { dataDir, port, platforms: { origins: platforms.origins, threadsApp } };
    host = await startHostProcess(settings);
    const person = await registerPerson(host.ready.origin, 'Kill Test');
    const projects: Project[] = [];
    for (let index = 0; index < projectCount; index += 1) {
      projects.push(await openProject(person, `Kill test ${index + 1}`, platforms.origins));
    }
    let offsetMs = 0;
    const current = (): HostProcess => {
      if (host === null) throw new Error('no host was started');
      return host;
    };
    return {
      dataDir,
      judge,
      projects,
      host: current,
      restart: async () => {
        await current().end;
        host = await startHostProcess(settings);
      },
      revive: async () => {
        await judge.clearFaults();
        if (current().ended() === null) await current().disarm();
        else host = await startHostProcess(settings);
      },
      offsetMs: () => offsetMs,
      advance: async (byMs) => {
        const next = offsetMs + byMs;
        await Promise.all([
          judge.configureMastodon({ clockOffsetMs: next }),
          judge.configureThreads({ clockOffsetMs: next }),
        ]);
        await whileNoWorkerRuns(current(), () => current().moveClock(next));
        offsetMs = next;
      },
      api: () => login(current().ready.origin, person),
      sql: (row, text, values = []) => read(current().ready.database, row, text, values),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Quotas of a whole run in an hour of the platforms' clocks, and processing that takes no more than it must. */
async function calm(judge: PlatformsClient): Promise<void> {
  await judge.configureMastodon({ callsPer5Min: 100_000, uploadsPer30Min: 10_000, videoProcessingMs: 300 });
  await judge.configureThreads({ videoProcessingMs: 600, imageProcessingMs: 200, callsPerDay: 1_000_000 });
}

async function openProject(
  person: Person,
  name: string,
  origins: Parameters<typeof connectAccounts>[2],
): Promise<Project> {
  const { api } = person;
  const { id } = await api.call('POST', '/v1/projects', z.object({ id: z.string() }), { name });
  const connected = await connectAccounts(api, id, origins, true);
  if (connected.bluesky === null) throw new Error('the kill test needs Bluesky');
  return {
    id,
    accounts: {
      community: connected.community.id,
      mastodon: connected.mastodon.id,
      threads: connected.threads.id,
      bluesky: connected.bluesky.id,
    },
    photo: (await upload(api, id, photo, 'image/jpeg')).id,
    video: (await upload(api, id, video, 'video/mp4')).id,
  };
}

async function login(origin: string, { email, password }: Person): Promise<Api & { readonly token: string }> {
  const tokens = z.object({ accessToken: z.string() });
  const { accessToken: token } = await createApi(origin).call('POST', '/v1/auth/login', tokens, { email, password });
  return { ...createApi(origin, token), token };
}

/** Batches that arrive meanwhile wait before their function is called, so that none runs across the jump. */
async function whileNoWorkerRuns(host: HostProcess, work: () => Promise<void>): Promise<void> {
  const hold = { point: `event-source:${publishQueue}:received`, action: 'delay' } as const;
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    await host.arm({ ...hold, delayMs: 500, times: 1_000 });
    try {
      const { inFlight = 0 } = (await host.queues())[publishQueue] ?? {};
      if (inFlight === 0) return await work();
    } finally {
      if (host.ended() === null) await host.disarm(hold).catch(() => undefined);
    }
    if (performance.now() > giveUpAt) throw new Error('the workers do not come to rest');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const superuser = z.object({ user: z.string(), password: z.string() });

async function read<S extends z.ZodType>(
  location: string,
  row: S,
  text: string,
  values: readonly unknown[],
): Promise<z.output<S>[]> {
  const lines = readFileSync(join(location, 'cluster', 'postmaster.pid'), 'utf8').split('\n');
  const login = superuser.parse(JSON.parse(readFileSync(join(location, 'superuser.json'), 'utf8')));
  const client = new pg.Client({ host: '127.0.0.1', port: Number(lines[3]), database: 'posthaste', ...login });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query(text, [...values]);
    return z.array(row).parse(result.rows);
  } finally {
    await client.end();
  }
}
