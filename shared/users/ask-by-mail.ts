/**
 * Doors that answer by mail: another verification, a new password, a new address. Whoever has the address and whoever has not
 * cost the same: one statement and one mail; only the mail tells which.
 */
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { askPasswordReset, changeEmail, resendVerification } from './credential-queries.ts';

const asks = {
  verification: { statement: resendVerification, page: 'verify-email' },
  passwordReset: { statement: askPasswordReset, page: 'reset-password' },
  newEmail: { statement: changeEmail, page: 'verify-email' },
} as const;

/** Of a mail too many nothing is told: nobody learns how often others have asked. */
export async function askByMail(db: Db, email: string, what: keyof typeof asks): Promise<void> {
  const { statement, page } = asks[what];
  const token = randomToken();
  const link = `${config('http').PUBLIC_BASE_URL}/${page}/${token}`;
  const { mailId, template } = await db.change(statement, { email, tokenHash: hashToken(token), link });
  if (db.isRepeat() || mailId === null || template === null) return;
  await sendAtOnce(
    db,
    mailId,
    template === 'already-registered' || template === 'no-account'
      ? { template, to: email }
      : { template, to: email, link },
  );
}
