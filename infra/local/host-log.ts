/** The host's log file, which is to the functions what CloudWatch is on AWS. */
import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatWithOptions } from 'node:util';
import { LOG_SINK } from '../../shared/log.ts';

export interface HostLog {
  /** Appends one line of JSON. */
  write(line: Readonly<Record<string, unknown>>): void;
  /** Sends the functions' log and `console` of this process here, until `close`. */
  captureConsole(): void;
  close(): Promise<void>;
}

const largestBytes = 16 * 1024 * 1024;
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;

/** A file over 16 MiB is put aside as `<path>.1` first. */
export function openHostLog(path: string): HostLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestBytes) renameSync(path, `${path}.1`);
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk must not end the host.
  stream.on('error', () => undefined);
  const restore: (() => void)[] = [];
  return {
    write: (line) => stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`),
    captureConsole: () => {
      Reflect.set(globalThis, LOG_SINK, (line: string) => stream.write(`${timed(line, 'info')}\n`));
      restore.push(() => Reflect.deleteProperty(globalThis, LOG_SINK));
      for (const method of methods) {
        const original = console[method];
        console[method] = (...parts: unknown[]) => {
          stream.write(`${timed(formatWithOptions({ colors: false }, ...parts), method)}\n`);
        };
        restore.push(() => {
          console[method] = original;
        });
      }
    },
    close: () => {
      for (const undo of restore.splice(0)) undo();
      return new Promise((resolve) => stream.end(resolve));
    },
  };
}

/** CloudWatch notes when a line came; here the line must say so itself. Text becomes a line of JSON too. */
function timed(line: string, level: string): string {
  const time = new Date().toISOString();
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
      return JSON.stringify({ time, ...fields });
    }
  } catch {
    // It is text.
  }
  return JSON.stringify({ time, level, message: line });
}
