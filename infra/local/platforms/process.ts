/** Starts the platforms beside the host, or adopts those that a killed host left running. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPlatformsClient } from './control-client.ts';
import { isPlatforms, runningPlatforms } from './running.ts';
import { type PlatformPorts, type PlatformsState, readState } from './state-file.ts';

const mainFile = fileURLToPath(new URL('./main.ts', import.meta.url));
const startTimeoutMs = 90_000;
const stopTimeoutMs = 10_000;
const killTimeoutMs = 5_000;

export interface StartPlatforms {
  readonly dataDir: string;
  /** Ports to listen on; absent or 0 = the ones of the last start in this folder, else free ones. */
  readonly ports?: Partial<PlatformPorts>;
  /** The Threads app as the host is configured with it. */
  readonly app?: { readonly clientId: string; readonly clientSecret: string };
  /** False leaves out the PDS, which takes seconds. */
  readonly bluesky?: boolean;
  /** The PDS's own rate limits, off unless asked for. */
  readonly pdsRateLimits?: boolean;
  readonly log?: (line: string) => void;
}

export interface Platforms {
  readonly origins: {
    readonly control: string;
    readonly mastodon: string;
    readonly threads: string;
    /** The fault proxy before the PDS. */
    readonly bluesky: string;
    readonly appview: string;
  };
  readonly ports: PlatformPorts;
  readonly bluesky: { readonly available: boolean; readonly reason?: string };
  /** They already ran. */
  readonly adopted: boolean;
  readonly pid: number;
  isAlive(): boolean;
  /** Ends them; what they answered is kept in the data folder. */
  stop(): Promise<void>;
}

/** Rejects with one line (a port that is taken, a folder that cannot be written). */
export async function startPlatforms(options: StartPlatforms): Promise<Platforms> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const left = await leftRunning(dataDir);
  if (left !== null) {
    const healthy = await answers(left);
    if (healthy && fits(left.ports, options.ports)) return handle(left, left.pid, true);
    if (!healthy) options.log?.(`the platforms left by an earlier run (process ${left.pid}) hang and are ended`);
    await endLeft(left.pid, healthy);
  }
  const state = await launch(dataDir, options);
  options.log?.(`platforms started with process ${state.pid}`);
  return handle(state, state.pid, false);
}

/** Ends what runs for this folder, answering or not, so that the folder can be removed. */
export async function stopPlatforms(dataDir: string): Promise<void> {
  const left = runningPlatforms(resolve(dataDir));
  if (left !== null) await endLeft(left.pid, await answers(left));
}

function handle(state: PlatformsState, pid: number, adopted: boolean): Platforms {
  const origin = (name: keyof PlatformPorts): string => `http://127.0.0.1:${state.ports[name]}`;
  const reason = state.blueskyUnavailable;
  return {
    origins: {
      control: origin('control'),
      mastodon: origin('mastodon'),
      threads: origin('threads'),
      bluesky: origin('bluesky'),
      appview: origin('appview'),
    },
    ports: state.ports,
    bluesky: reason === null ? { available: true } : { available: false, reason },
    adopted,
    pid,
    isAlive: () => signal(pid, 0) && (process.platform !== 'linux' || isPlatforms(pid)),
    stop: () => end(pid),
  };
}

async function launch(dataDir: string, options: StartPlatforms): Promise<PlatformsState & { pid: number }> {
  const logFile = join(dataDir, 'platforms.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [mainFile, ...toArguments(dataDir, options)], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: dataDir,
  });
  closeSync(log);
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  const until = Date.now() + startTimeoutMs;
  while (!ended && Date.now() < until) {
    const state = readState(dataDir);
    if (state?.ready === true && state.pid !== null && state.pid === child.pid && (await answers(state))) {
      return { ...state, pid: state.pid };
    }
    await wait(50);
  }
  if (!ended && child.pid !== undefined) await end(child.pid);
  const lastLine = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  throw new Error(ended ? lastLine : `the platforms did not answer within ${startTimeoutMs / 1000} s, see ${logFile}`);
}

function toArguments(dataDir: string, options: StartPlatforms): string[] {
  const list = ['--data', dataDir];
  for (const [name, port] of Object.entries(options.ports ?? {})) list.push(`--${name}`, String(port));
  if (options.app !== undefined) {
    // One word each: a secret may begin with a dash.
    list.push(`--client-id=${options.app.clientId}`, `--client-secret=${options.app.clientSecret}`);
  }
  if (options.bluesky === false) list.push('--no-bluesky');
  if (options.pdsRateLimits === true) list.push('--pds-rate-limits');
  return list;
}

function fits(running: PlatformPorts, wanted: Partial<PlatformPorts> | undefined): boolean {
  const names: readonly (keyof PlatformPorts)[] = ['control', 'mastodon', 'threads', 'bluesky', 'appview'];
  return names.every((name) => (wanted?.[name] ?? 0) === 0 || wanted?.[name] === running[name]);
}

/** The process of the state file and no other one answers at its control port. */
async function answers(state: PlatformsState): Promise<boolean> {
  try {
    const health = await createPlatformsClient(`http://127.0.0.1:${state.ports.control}`).health();
    return health.instance === state.instance && health.pid === state.pid;
  } catch {
    return false;
  }
}

/** Those that run for this folder; if they are only starting, waits until they answer. */
async function leftRunning(dataDir: string): Promise<(PlatformsState & { readonly pid: number }) | null> {
  const until = Date.now() + startTimeoutMs;
  for (;;) {
    const state = runningPlatforms(dataDir);
    if (state === null || state.ready || Date.now() > until) return state;
    await wait(100);
  }
}

async function endLeft(pid: number, healthy: boolean): Promise<void> {
  if (healthy) await end(pid);
  else await kill(pid);
}

async function end(pid: number): Promise<void> {
  if (!isPlatforms(pid)) return;
  signal(pid, 'SIGTERM');
  if (!(await isGone(pid, stopTimeoutMs))) await kill(pid);
}

/** The PDS is of the same process group. One that a person started by hand leads none. */
async function kill(pid: number): Promise<void> {
  signal(-pid, 'SIGKILL');
  signal(pid, 'SIGKILL');
  await isGone(pid, killTimeoutMs);
}

async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (Date.now() < until) {
    if (!signal(pid, 0)) return true;
    if (!isPlatforms(pid)) {
      // A zombie: ours is collected at once, another's may never be.
      await wait(20);
      return true;
    }
    await wait(20);
  }
  return false;
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
