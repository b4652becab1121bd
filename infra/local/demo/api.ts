/** An outside client of the HTTP API: nothing here knows the product but by its answers. */
import type { z } from 'zod';

export interface Api {
  call<S extends z.ZodType>(method: string, path: string, shape: S, body?: unknown): Promise<z.output<S>>;
  /** The same API with somebody's access token. */
  as(token: string): Api;
}

export function createApi(origin: string, token?: string): Api {
  return {
    call: async (method, path, shape, body) => {
      const response = await fetch(origin + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 600)}`);
      return shape.parse(text === '' ? null : JSON.parse(text));
    },
    as: (other) => createApi(origin, other),
  };
}

/** Asks until `done` says so, with a pause in between. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T>,
  done: (value: T) => boolean,
  pauseMs: () => number = () => 200,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (done(value)) return value;
    if (performance.now() > giveUpAt)
      throw new Error(`${what} did not happen within ${withinMs / 1000} s: ${JSON.stringify(value).slice(0, 600)}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs()));
  }
}
