/** A mail whose outbox row was just committed leaves now; if it cannot, the sweeper sends it later. */
import { sendMail } from '../aws/mail.ts';
import type { Db } from '../db/client.ts';
import { describeError, log } from '../log.ts';
import { markMailSent } from './queries.ts';
import type { MailPayload } from './templates.ts';

/** Never throws: what is written down will be sent, so the caller need not hear of a failure. */
export async function sendAtOnce(db: Db, mailId: string, mail: MailPayload): Promise<void> {
  try {
    await sendMail(mail);
    await db.maybe(markMailSent, { mailId });
  } catch (error) {
    log('warn', 'mail waits for the sweeper', { mailId, ...describeError(error) });
  }
}
