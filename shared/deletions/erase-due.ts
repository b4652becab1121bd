/** What the schedule does for accounts whose grace time is over: step by step, until nothing of them is left. */
import { sendMail } from '../aws/mail.ts';
import type { Db } from '../db/client.ts';
import { describeError, log } from '../log.ts';
import { claimErasures, finishDeletion } from './queries.ts';

const BATCH = 20;
const MAIL_TRIES = 3;

export async function eraseDue(db: Db): Promise<{ erased: number; waiting: number }> {
  const due = await db.many(claimErasures, { limit: BATCH });
  let [erased, waiting] = [0, 0];
  for (const { userId, email, name } of due) {
    const { outcome } = await db.one(finishDeletion, { userId });
    if (outcome === 'ok') {
      erased += 1;
      await sayGoodbye(email, name);
    } else waiting += 1;
  }
  return { erased, waiting };
}

/** From memory alone: an outbox would keep the address of somebody who is gone. */
async function sayGoodbye(to: string, name: string): Promise<void> {
  for (let attempt = 1; attempt <= MAIL_TRIES; attempt += 1) {
    try {
      return await sendMail({ template: 'account-deleted', to, name });
    } catch (error) {
      log('warn', 'the last mail to somebody who is gone', { attempt, ...describeError(error) });
    }
  }
}
