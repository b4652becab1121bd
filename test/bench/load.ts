/** A closed loop: so many callers, each of whom calls again as soon as it was answered. */
import { percentile } from './table.ts';

export interface Load {
  readonly calls: number;
  readonly perS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const CALLERS = 8;
const warmUpMs = 700;

/** Warms up, then counts for `seconds`. The first call that fails ends it. */
export async function load(
  seconds: number,
  call: (index: number, caller: number) => Promise<unknown>,
  callers = CALLERS,
): Promise<Load> {
  await loop(warmUpMs, call, callers);
  const { ms, elapsedMs } = await loop(seconds * 1000, call, callers);
  return {
    calls: ms.length,
    perS: ms.length / (elapsedMs / 1000),
    p50Ms: percentile(ms, 0.5),
    p99Ms: percentile(ms, 0.99),
  };
}

async function loop(forMs: number, call: (index: number, caller: number) => Promise<unknown>, callers: number) {
  const ms: number[] = [];
  const began = performance.now();
  let index = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() - began < forMs) {
        const sent = performance.now();
        index += 1;
        await call(index, caller);
        ms.push(performance.now() - sent);
      }
    }),
  );
  return { ms, elapsedMs: performance.now() - began };
}
