/** A minute's mails: what people are to be told is written first and leaves with the same tick. */
import type { Db } from '../db/client.ts';
import { alertFailures } from '../housekeeping/queries.ts';
import { alertPauses } from '../quotas/queries.ts';
import { ROUND, sendWaitingMails } from './send-waiting.ts';

const FAILURES = 500;
const PROJECTS = 100;

/** How many mails were sent. What could not be written is thrown after those that wait have left. */
export async function sendAlerts(db: Db): Promise<number> {
  const [failures] = await Promise.allSettled([db.one(alertFailures, { limit: FAILURES })]);
  let sent = await sendWaitingMails(db);
  // A quota that pauses thousands at once holds up no other mail for long: while many wait, no more are written.
  if (sent < ROUND && (await db.one(alertPauses, { limit: PROJECTS })).mails > 0) sent += await sendWaitingMails(db);
  if (failures.status === 'rejected') throw failures.reason;
  return sent;
}
