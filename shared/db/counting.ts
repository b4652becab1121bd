/** The caller's side of rate limits: a request counts with its first statement, and what was undone counts with the next. */
import { z } from 'zod';
import type { Limit } from '../errors.ts';
import type { Caller } from './caller.ts';

/** What the first statement told of the caller. */
export interface About {
  limit?: Limit;
  /** Of an API key: whose it is, and which. */
  userId?: string;
  keyId?: string;
  /** SQLSTATE of what the caller is refused by: counted it is already. */
  refused?: string;
  /** The Idempotency-Key has an answer; whether to this request, the write finds out. */
  repeat?: boolean;
}

export interface Counter {
  /** For the next statement; undefined when the request has been counted, or counts nowhere. */
  call(): SentLimit | undefined;
  /** The line of app.run that begins with `#`, if there was one. */
  counted(line: string | undefined): void;
  /** The statement raised an error, and took its count along. Not for who asked too often: that window is full as it is. */
  undone(): void;
  readonly about: About;
}

interface SentLimit {
  readonly class: string;
  readonly requests: number;
  /** Of those whom the database refuses as nobody, by their address. */
  readonly refusedClass: typeof REFUSED_CLASS;
}

const REFUSED_CLASS = 'refused';
const MOST_CALLERS = 10_000; // a flood of addresses must not fill the memory; who is forgotten gains a few requests

interface Uncounted {
  readonly requests: number;
  readonly atMs: number;
}

const uncounted = new Map<string, Uncounted>();
/** Seconds of a class's window, as the database told last. */
const windows = new Map<string, number>();
const USUAL_WINDOW_S = 60;

export function createCounter(caller: Caller, className: string | undefined): Counter {
  const about: About = {};
  const name = `${className} ${nameOf(caller)}`;
  let open = className !== undefined;
  return {
    call: () =>
      open && className !== undefined
        ? { class: className, requests: 1 + carried(name, className), refusedClass: REFUSED_CLASS }
        : undefined,
    counted: (line) => {
      about.repeat = false;
      if (line !== undefined) Object.assign(about, readLine(line));
      const { limit } = about;
      const isOther = limit?.class !== undefined && limit.class !== className;
      // A dead token of theirs takes nothing off what a person's living one has still to pay.
      if (open && !isOther) uncounted.delete(name);
      open = false;
      if (className !== undefined && limit !== undefined && !isOther) windows.set(className, limit.windowS);
    },
    undone: () => {
      if (!open || className === undefined) return;
      open = false;
      if (uncounted.size >= MOST_CALLERS && !uncounted.has(name)) uncounted.delete(uncounted.keys().next().value ?? '');
      uncounted.set(name, { requests: carried(name, className) + 1, atMs: Date.now() });
    },
    about,
  };
}

/** Of this window alone: what was undone in one that has ended is nothing to the next. */
function carried(name: string, className: string): number {
  const windowMs = (windows.get(className) ?? USUAL_WINDOW_S) * 1_000;
  const { requests, atMs } = uncounted.get(name) ?? { requests: 0, atMs: 0 };
  return Math.floor(atMs / windowMs) === Math.floor(Date.now() / windowMs) ? requests : 0;
}

function nameOf(caller: Caller): string {
  if (caller.kind === 'actor') return caller.userId;
  if (caller.kind === 'key') return caller.keyHash;
  return caller.kind === 'public' ? (caller.ip ?? '') : '';
}

const limit = z.object({
  class: z.string().exactOptional(),
  max: z.int(),
  windowS: z.int(),
  left: z.int(),
  resetS: z.int(),
});
const told = z.object({
  userId: z.string().optional(),
  keyId: z.string().optional(),
  repeat: z.boolean().optional(),
  refused: z.string().optional(),
});

function readLine(line: string): About {
  const { userId, keyId, repeat, refused } = told.parse(JSON.parse(line));
  const counts = limit.safeParse(JSON.parse(line));
  return {
    ...(counts.success && { limit: counts.data }),
    ...(userId !== undefined && { userId }),
    ...(keyId !== undefined && { keyId }),
    ...(repeat !== undefined && { repeat }),
    ...(refused !== undefined && { refused }),
  };
}
