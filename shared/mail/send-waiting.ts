/** Mails whose door could not send them. */
import { sendMail } from '../aws/mail.ts';
import type { Db } from '../db/client.ts';
import { claimMails, settleMails } from '../housekeeping/queries.ts';
import { describeError, log } from '../log.ts';

/** Mails of one call. */
export const ROUND = 50;

export async function sendWaitingMails(db: Db): Promise<number> {
  const mails = await db.many(claimMails, { limit: ROUND });
  const sent: string[] = [];
  for (const mail of mails) {
    try {
      await sendMail(mail.payload);
      sent.push(mail.id);
    } catch (error) {
      log('warn', 'mail', { mailId: mail.id, ...describeError(error) });
    }
  }
  if (sent.length > 0) await db.many(settleMails, { sent });
  return sent.length;
}
