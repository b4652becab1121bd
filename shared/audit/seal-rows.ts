import type { Db } from '../db/client.ts';
import { sealAudit } from './queries.ts';

const ROWS_PER_SEAL = 500; // what app.seal_audit takes at most
const SEALS_PER_RUN = 20;

/**
 * Seals what is not sealed yet, oldest first; what one run does not manage is the next one's. Returns the newest seal as
 * `number hash`, null where there was nothing to seal: logged by the run, it is a witness outside the database.
 */
export async function sealRows(db: Db): Promise<string | null> {
  let head: string | null = null;
  for (let seals = 0; seals < SEALS_PER_RUN; seals += 1) {
    const seal = await db.maybe(sealAudit, { limit: ROWS_PER_SEAL });
    if (seal === null) break;
    head = `${seal.sequence} ${seal.hash}`;
    if (seal.rowCount < ROWS_PER_SEAL) break;
  }
  return head;
}
