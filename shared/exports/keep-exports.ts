/** What the schedule does for exports: those that nobody works on are sent again, and what was kept long enough goes. */
import type { Db } from '../db/client.ts';
import { sendExport } from './send.ts';
import { findLostExports, purgeExports } from './work-queries.ts';

const BATCH = 100;

export async function keepExports(db: Db): Promise<{ resent: number; purged: number }> {
  const lost = await db.many(findLostExports, { limit: BATCH });
  for (const { id } of lost) await sendExport(id);
  const { exports } = await db.one(purgeExports, { limit: BATCH });
  return { resent: lost.length, purged: exports };
}
