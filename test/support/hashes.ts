/** How many password hashes this process has begun, by what Node itself tells of its work: no clock, and nothing of ours replaced. */
import { createHook } from 'node:async_hooks';

export interface HashCount {
  /** Of argon2 while the work ran. Nothing else may hash meanwhile. */
  during<T>(work: () => Promise<T>): Promise<{ readonly hashes: number; readonly result: T }>;
  close(): void;
}

export function countHashes(): HashCount {
  let begun = 0;
  const hook = createHook({
    init: (_, type) => {
      if (type === 'ARGON2REQUEST') begun += 1;
    },
  }).enable();
  return {
    during: async (work) => {
      const before = begun;
      const result = await work();
      return { hashes: begun - before, result };
    },
    close: () => void hook.disable(),
  };
}
