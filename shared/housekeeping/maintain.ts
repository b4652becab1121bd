/** What the database needs every hour: months ahead, an end of what was kept long enough, and a look at itself. */
import type { Db } from '../db/client.ts';
import type { Fields } from '../log.ts';
import { eachPart } from './each-part.ts';
import { ensurePartitions, purgeKept, recordMeasures } from './queries.ts';

const MONTHS_AHEAD = 2;
const BATCH = 1_000;
const SPARE_MS = 15_000;

/** Each part by itself: a month that cannot be made, or a measure that nobody can take, ends no row's time later. */
export async function maintain(db: Db, remainingMs: () => number): Promise<Fields> {
  return eachPart({
    // First: without a month of their own rows pile up in the default partition.
    partitions: async () => {
      const made = await db.many(ensurePartitions, { monthsAhead: MONTHS_AHEAD });
      return { partitions: made.map(({ partitionName }) => partitionName) };
    },
    purge: async () => ({ purged: await purge(db, remainingMs) }),
    measures: () => db.one(recordMeasures, {}),
  });
}

async function purge(db: Db, remainingMs: () => number): Promise<number> {
  let purged = 0;
  for (;;) {
    const gone = await db.many(purgeKept, { batch: BATCH });
    purged += gone.reduce((sum, { rows }) => sum + rows, 0);
    if (gone.every(({ rows }) => rows < BATCH) || remainingMs() < SPARE_MS) return purged;
  }
}
