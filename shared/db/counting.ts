/** The caller's side of rate limits: a request counts with its first statement, and what was undone counts with the next. */
import { z } from 'zod';
import type { Limit } from '../errors.ts';
import type { Caller } from './client.ts';

/** What the first statement told of the caller. */
export interface About {
  limit?: Limit;
  /** Of an API key: whose it is, and which. */
  userId?: string;
  keyId?: string;
}

export interface Counter {
  /** For the next statement; undefined when the request has been counted, or counts nowhere. */
  call(): { readonly class: string; readonly requests: number } | undefined;
  /** The line of app.run that begins with `#`, if there was one. */
  counted(line: string | undefined): void;
  /** The statement raised an error, and took its count along. */
  undone(): void;
  readonly about: About;
}

const MOST_CALLERS = 10_000; // a flood of addresses must not fill the memory; who is forgotten gains a few requests

const uncounted = new Map<string, number>();

export function createCounter(caller: Caller, className: string | undefined): Counter {
  const about: About = {};
  const name = `${className} ${nameOf(caller)}`;
  let open = className !== undefined;
  return {
    call: () =>
      open && className !== undefined ? { class: className, requests: 1 + (uncounted.get(name) ?? 0) } : undefined,
    counted: (line) => {
      if (open) uncounted.delete(name);
      open = false;
      if (line !== undefined) Object.assign(about, readLine(line));
    },
    undone: () => {
      if (!open) return;
      open = false;
      if (uncounted.size >= MOST_CALLERS && !uncounted.has(name)) uncounted.delete(uncounted.keys().next().value ?? '');
      uncounted.set(name, (uncounted.get(name) ?? 0) + 1);
    },
    about,
  };
}

function nameOf(caller: Caller): string {
  if (caller.kind === 'actor') return caller.userId;
  if (caller.kind === 'key') return caller.keyHash;
  return caller.kind === 'public' ? (caller.ip ?? '') : '';
}

const limit = z.object({ max: z.int(), windowS: z.int(), left: z.int(), resetS: z.int() });
const told = z.object({ userId: z.string().optional(), keyId: z.string().optional() });

function readLine(line: string): About {
  const { userId, keyId } = told.parse(JSON.parse(line));
  const counts = limit.safeParse(JSON.parse(line));
  return {
    ...(counts.success && { limit: counts.data }),
    ...(userId !== undefined && { userId }),
    ...(keyId !== undefined && { keyId }),
  };
}
