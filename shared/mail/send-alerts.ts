/** A minute's mails: what people are to be told is written first and leaves with the same tick. */
import type { Db } from '../db/client.ts';
import { alertFailures } from '../housekeeping/queries.ts';
import { alertPauses } from '../quotas/queries.ts';
import { sendWaitingMails } from './send-waiting.ts';

const FAILURES = 500;
const PROJECTS = 100;

/** How many mails were sent. What could not be written is thrown after those that wait have left. */
export async function sendAlerts(db: Db): Promise<number> {
  const written = await Promise.allSettled([
    db.one(alertFailures, { limit: FAILURES }),
    db.one(alertPauses, { limit: PROJECTS }),
  ]);
  const sent = await sendWaitingMails(db);
  const broken = written.find((part) => part.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return sent;
}
