/** Keeps PostgreSQL and the platforms running: what dies is started again, as Aurora would bring a writer back. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Platforms, type StartPlatforms, startPlatforms } from './platforms/process.ts';
import { type LocalPostgres, type PostgresOptions, startPostgres } from './postgres.ts';
import { isServerOf } from './postgres-process.ts';

export interface PostgresSupervisor {
  /** The server that ran last; while it is away nobody listens on its port. */
  current(): LocalPostgres;
  /** Shuts it down and leaves it down until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** SIGKILL; the supervisor brings it back. */
  kill(): void;
  /** Ends the supervision and the server. */
  stop(): Promise<void>;
}

const lookEveryMs = 250;
const retryEveryMs = 1_000;

export async function supervisePostgres(options: PostgresOptions): Promise<PostgresSupervisor> {
  const { current, pause, resume, stop } = await supervise({
    name: 'PostgreSQL',
    // The port of the first start stays: clients of the Data API know no other.
    start: (before: LocalPostgres | null) => startPostgres({ ...options, port: before?.port ?? options.port }),
    isAlive,
    report: options.log ?? (() => undefined),
  });
  return { current, pause, resume, stop, kill: () => process.kill(current().pid, 'SIGKILL') };
}

export interface PlatformsSupervisor {
  current(): Platforms;
  /** Ends the supervision and the platforms. */
  stop(): Promise<void>;
}

/** `report` hears of deaths, and of starts that fail. */
export function supervisePlatforms(
  options: StartPlatforms,
  report: (line: string) => void,
): Promise<PlatformsSupervisor> {
  return supervise({
    name: 'the platforms',
    start: (before: Platforms | null) => startPlatforms({ ...options, ports: before?.ports ?? options.ports ?? {} }),
    isAlive: (platforms) => platforms.isAlive(),
    report,
  });
}

interface Supervised<Server> {
  readonly name: string;
  /** Starts it as it ran before. */
  start(before: Server | null): Promise<Server>;
  isAlive(server: Server): boolean;
  readonly report: (line: string) => void;
}

async function supervise<Server extends { stop(): Promise<void> }>(parts: Supervised<Server>) {
  const { name, report } = parts;
  let server = await parts.start(null);
  let wanted = true;
  let reviving: Promise<void> | null = null;
  const timer = setInterval(look, lookEveryMs);
  timer.unref();

  function look(): void {
    if (!wanted || reviving !== null || parts.isAlive(server)) return;
    report(`${name} died; starting again`);
    reviving = revive().finally(() => {
      reviving = null;
    });
  }

  async function revive(): Promise<void> {
    while (wanted) {
      try {
        server = await parts.start(server);
        return;
      } catch (error) {
        report(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
      }
    }
  }

  async function pause(): Promise<void> {
    wanted = false;
    await reviving;
    await server.stop();
  }

  async function resume(): Promise<void> {
    if (wanted) return;
    wanted = true;
    await revive();
  }

  function stop(): Promise<void> {
    clearInterval(timer);
    return pause();
  }

  return { current: () => server, pause, resume, stop };
}

/** Asked four times a second, so without /proc (macOS) the process id alone must do: looking closer would start a `ps`. */
function isAlive({ pid, location }: LocalPostgres): boolean {
  if (existsSync('/proc/self/cwd')) return isServerOf(pid, join(location, 'cluster'));
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
