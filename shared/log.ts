/** One JSON line per fact. Ids, names and counts only: never a token, a body or a header. */
import { AppError } from './errors.ts';

export type Fields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

/** A host that runs many functions in one process takes the lines itself, under this name on `globalThis`. */
export const LOG_SINK = Symbol.for('posthaste.log');

export function log(level: 'info' | 'warn' | 'error', message: string, fields: Fields = {}): void {
  const line = JSON.stringify({ level, message, ...fields });
  const sink: unknown = Reflect.get(globalThis, LOG_SINK);
  // Not console: Lambda would put a time and an id before it, and no metric filter could read the line.
  if (typeof sink === 'function') sink(line);
  else process.stdout.write(`${line}\n`);
}

/** What a log line may say of an error: its name and stack frames, never its message, which may quote data. */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const note = error instanceof AppError ? error.detail.note : undefined;
  return {
    error: error.name,
    note,
    frames: frames(error),
    causeName: cause?.name,
    causeFrames: cause && frames(cause),
  };
}

function frames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 6)
    .map((line) => line.trim());
}
