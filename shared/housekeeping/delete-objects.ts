/** What the sweep does for objects whose rows are gone: pictures and exports. */
import { deleteObjects } from '../aws/objects.ts';
import type { Db } from '../db/client.ts';
import { claimObjects, settleObjects } from './queries.ts';

const BATCH = 100;
const MOST_KEYS = 1_000; // DeleteObjects takes so many

/** Returns how many objects went. */
export async function deleteOrphans(db: Db): Promise<number> {
  const claimed = await db.many(claimObjects, { limit: BATCH });
  if (claimed.length === 0) return 0;
  const keys = claimed.flatMap((event) => event.keys);
  for (let at = 0; at < keys.length; at += MOST_KEYS) await deleteObjects(keys.slice(at, at + MOST_KEYS));
  await db.many(settleObjects, { events: claimed.map(({ id }) => id) });
  return keys.length;
}
