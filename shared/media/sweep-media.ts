/** What the sweep does for media. */
import { deleteObjects } from '../aws/objects.ts';
import type { Db } from '../db/client.ts';
import { claimDeleted, failStuck, settleDeleted } from './work-queries.ts';

const BATCH = 100;

/** Returns how many media were given up: uploads that never came, work that nobody finished. */
export async function failStuckMedia(db: Db): Promise<number> {
  return (await db.many(failStuck, { limit: BATCH })).length;
}

/** Removes the objects of deleted media. Returns of how many. */
export async function purgeDeletedMedia(db: Db): Promise<number> {
  const claimed = await db.many(claimDeleted, { limit: BATCH });
  if (claimed.length === 0) return 0;
  await deleteObjects(claimed.flatMap(({ keys }) => keys)); // at most five of each: below S3's thousand
  return (await db.one(settleDeleted, { events: claimed.map(({ id }) => id) })).events;
}
