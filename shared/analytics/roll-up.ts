import type { Db } from '../db/client.ts';
import type { Fields } from '../log.ts';
import { rollUp } from './rollup-queries.ts';

const BATCH = 200;
const SPARE_MS = 20_000;

/** Rolls up what is news, until nothing is or the time is up: the next tick goes on. */
export async function rollUpNews(db: Db, remainingMs: () => number): Promise<Fields> {
  let publications = 0;
  while (remainingMs() > SPARE_MS) {
    const rolled = (await db.one(rollUp, { batch: BATCH })).publications;
    if (rolled === null) return { publications, busy: true };
    publications += rolled;
    if (rolled < BATCH) break;
  }
  return { publications };
}
