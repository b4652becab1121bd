/** The end of a password, and the mail with the link to the next one: one statement; the mail goes out after the commit. */
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { forcePasswordReset } from './user-queries.ts';

/** Throws `not_found`. */
export async function demandNewPassword(db: Db, userId: string): Promise<void> {
  const token = randomToken();
  const link = `${config('http').PUBLIC_BASE_URL}/reset-password/${token}`;
  const { mailId, recipient, displayName } = await db.change(forcePasswordReset, {
    userId,
    tokenHash: hashToken(token),
    link,
  });
  if (db.isRepeat()) return;
  await sendAtOnce(db, mailId, { template: 'password-demanded', to: recipient, name: displayName, link });
}
