/**
 * One JSON line per fact: ids, names and counts. A field is a plain value, never an object, so that no request, header or row
 * can be handed over whole; what has a secret's name or shape is taken out, whoever logs it.
 */
import { AppError } from './errors.ts';
import { isSecretName, redact } from './text/redact.ts';

type Plain = string | number | boolean | null | undefined | readonly string[];
type Never =
  | 'authorization'
  | 'cookie'
  | 'headers'
  | 'body'
  | 'password'
  | 'secret'
  | 'token'
  | 'accessToken'
  | 'refreshToken';

export type Fields = { readonly [name: string]: Plain } & { readonly [name in Never]?: never };

/** A host that runs many functions in one process takes the lines itself, under this name on `globalThis`. */
export const LOG_SINK = Symbol.for('posthaste.log');

const MAX_TEXT = 500;
const MAX_LIST = 12;
const MAX_FIELDS = 40;
/** What ends a line, hides or turns text round where a log is read; JSON itself lets these through. */
const UNSEEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function log(level: 'info' | 'warn' | 'error', message: string, fields: Fields = {}): void {
  const safe = Object.entries(fields)
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => [name, plain(name, value)]);
  const line = JSON.stringify({ level, message: text(message), ...Object.fromEntries(safe) }).replace(
    UNSEEN,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const sink: unknown = Reflect.get(globalThis, LOG_SINK);
  // Not console: Lambda would put a time and an id before it, and no metric filter could read the line.
  if (typeof sink === 'function') sink(line);
  else process.stdout.write(`${line}\n`);
}

function plain(name: string, value: unknown): unknown {
  if (typeof value === 'string') return isSecretName(name) ? '[redacted]' : text(value);
  // Types are gone at run time: an object in a field would be everything that hangs on it.
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) && !isSecretName(name)
      ? value.slice(0, MAX_LIST).map((one) => text(String(one)))
      : '[redacted]';
  return value;
}

/** Cut before it is looked through, so that a long text costs no more than a short one. */
function text(value: string): string {
  const safe = redact(value.slice(0, 2 * MAX_TEXT)).toWellFormed();
  return safe.length > MAX_TEXT ? `${safe.slice(0, MAX_TEXT)}…` : safe;
}

/** What a log line may say of an error: its name and stack frames, never its message, which may quote data. */
export function describeError(error: unknown): Fields {
  try {
    return describe(error);
  } catch {
    return { error: 'unreadable' }; // one that cannot be looked at must not take the line along
  }
}

function describe(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const note = error instanceof AppError ? (error.detail.note ?? error.code) : undefined;
  return {
    error: error.name,
    note,
    frames: frames(error),
    causeName: cause?.name,
    causeFrames: cause && frames(cause),
  };
}

/** Without the message, which stands before the frames and may have lines that look like one. */
function frames(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  return stack
    .slice(stack.includes(error.message) ? stack.indexOf(error.message) + error.message.length : 0)
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 6)
    .map((line) => line.trim());
}
