/** A minute's worth of accounts to pause and resume: what was not done in the statement that changed a quota or an account. */
import type { Db } from '../db/client.ts';
import { keepPauses as keep } from './queries.ts';

/** People and projects of one statement: it holds up who connects and disconnects meanwhile. */
const LIMIT = 100;
const MOST_ROUNDS = 200;

/** How many people and projects were looked at. */
export async function keepPauses(db: Db): Promise<number> {
  let all = 0;
  for (let round = 0, checked = LIMIT; round < MOST_ROUNDS && checked >= LIMIT; round += 1) {
    checked = (await db.one(keep, { limit: LIMIT })).checked;
    all += checked;
  }
  return all;
}
