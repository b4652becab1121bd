/** A minute's worth of keeping the community's derived rows right. */
import type { Db } from '../db/client.ts';
import { foldCounters, purgeFeeds, rescorePosts } from './upkeep-queries.ts';

/** Deltas of one statement; a busier minute takes several. */
const TAKE = 20_000;
const MOST_ROUNDS = 20;
const ROWS = 2_000;

/** How many deltas were folded, scores lowered and feed items purged. */
export async function keepCommunity(db: Db): Promise<number> {
  let rows = 0;
  for (let round = 0, folded = TAKE; round < MOST_ROUNDS && folded >= TAKE; round += 1) {
    folded = (await db.one(foldCounters, { take: TAKE })).folded;
    rows += folded;
  }
  rows += (await db.many(rescorePosts, { limit: ROWS })).length;
  return rows + (await db.one(purgeFeeds, { limit: ROWS })).purged;
}
