/**
 * One host per data folder. The lock is one of the operating system's (on an SQLite file), so it ends with its process however
 * that ends; a process id alone would not do, since it may belong to somebody else by now. The id is kept for the message.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Lock {
  /** Tells the next one where this host answers. */
  announce(origin: string): void;
  release(): void;
}

/** Takes the lock of an existing folder; returns the words of the host that holds it instead. */
export function takeLock(dataDir: string): Lock | { readonly heldBy: string } {
  const note = join(dataDir, 'host.pid');
  const file = new DatabaseSync(join(dataDir, 'host.lock'), { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (error) {
    file.close();
    if (error instanceof Error && error.message.includes('locked')) return { heldBy: readNote(note) };
    throw error;
  }
  writeFileSync(note, `process ${process.pid}`);
  return {
    announce: (origin) => writeFileSync(note, `process ${process.pid}, ${origin}`),
    release: () => {
      rmSync(note, { force: true });
      file.close();
    },
  };
}

/** Where the host of this folder answers; null while none runs there. */
export function announcedOrigin(dataDir: string): string | null {
  const [, pid, origin] = /^process (\d+), (\S+)$/.exec(readNote(join(dataDir, 'host.pid'))) ?? [];
  return origin !== undefined && isRunning(Number(pid)) ? origin : null;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // somebody else's
  }
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return 'a process that is just starting';
  }
}
