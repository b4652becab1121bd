/** A minute's worth of bringing uses of hashtags into their counts, and of forgetting what nobody uses. */
import type { Db } from '../db/client.ts';
import { foldHashtags, forgetHashtags } from './queries.ts';

/** Deltas of one statement; a busier minute takes several. */
const LIMIT = 10_000;
const MOST_ROUNDS = 20;

/** How many deltas were folded and tags forgotten. */
export async function keepHashtags(db: Db): Promise<number> {
  let all = 0;
  for (let round = 0, folded = LIMIT; round < MOST_ROUNDS && folded >= LIMIT; round += 1) {
    folded = (await db.one(foldHashtags, { limit: LIMIT })).folded;
    all += folded;
  }
  return all + (await db.one(forgetHashtags, { limit: 1_000 })).forgotten;
}
