/** Keeps PostgreSQL running: one that dies is started again, as Aurora would bring a writer back. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
  const log = options.log ?? (() => undefined);
  let server = await startPostgres(options);
  let wanted = true;
  let reviving: Promise<void> | null = null;
  const timer = setInterval(look, lookEveryMs);
  timer.unref();

  function look(): void {
    if (!wanted || reviving !== null || isAlive(server)) return;
    log('PostgreSQL died and is started again');
    reviving = revive().finally(() => {
      reviving = null;
    });
  }

  async function revive(): Promise<void> {
    while (wanted) {
      try {
        // The port of the first start stays: clients of the Data API know no other.
        server = await startPostgres({ ...options, port: server.port });
        return;
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
      }
    }
  }

  async function pause(): Promise<void> {
    wanted = false;
    await reviving;
    await server.stop();
  }

  return {
    current: () => server,
    pause,
    resume: async () => {
      if (wanted) return;
      wanted = true;
      await revive();
    },
    kill: () => process.kill(server.pid, 'SIGKILL'),
    stop: () => {
      clearInterval(timer);
      return pause();
    },
  };
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
