/** What the database needs every hour: months ahead, an end of what was kept long enough, and a look at itself. */
import type { Db } from '../db/client.ts';
import type { Fields } from '../log.ts';
import { ensurePartitions, purgeKept, recordMeasures } from './queries.ts';

const MONTHS_AHEAD = 2;
const BATCH = 1_000;
const SPARE_MS = 15_000;

export async function maintain(db: Db, remainingMs: () => number): Promise<Fields> {
  // First, whatever else is broken: without a month of their own rows pile up in the default partition.
  const partitions = await db.many(ensurePartitions, { monthsAhead: MONTHS_AHEAD });
  const measured = await db.one(recordMeasures, {});
  let purged = 0;
  for (;;) {
    const gone = await db.many(purgeKept, { batch: BATCH });
    purged += gone.reduce((sum, { rows }) => sum + rows, 0);
    if (gone.every(({ rows }) => rows < BATCH) || remainingMs() < SPARE_MS) break;
  }
  return { partitions: partitions.map(({ partitionName }) => partitionName), purged, ...measured };
}
