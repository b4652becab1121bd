/** Registration: a person, a token and a mail are one statement; the mail goes out after the commit. */
import { hashPassword } from '../auth/password.ts';
import { checkNewPassword } from '../auth/password-rules.ts';
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { verifyByInvitation } from '../invitations/verify-invited.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { registerUser } from './queries.ts';
import { skeletonOf } from './username.ts';

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly username?: string | undefined;
  readonly invitationToken?: string | undefined;
}

/**
 * Does the same work for an address that is known and one that is not; only the mail differs. Of a mail too many nothing is
 * told: nobody learns how often others have registered the address.
 */
export async function register(db: Db, registration: Registration): Promise<void> {
  const { email, password, displayName, username, invitationToken } = registration;
  await checkNewPassword(password, { email, names: [displayName, username] }, '/body/password');
  await db.admit(); // before the hash, which costs more than all else
  const token = randomToken();
  const link = `${config('http').PUBLIC_BASE_URL}/verify-email/${token}`;
  const tokenHash = hashToken(token);
  const { mailId, template } = await db.change(registerUser, {
    email,
    passwordHash: await hashPassword(password),
    displayName,
    tokenHash,
    link,
    username: username ?? null,
    usernameSkeleton: username === undefined ? null : skeletonOf(username),
    invitationHash: invitationToken === undefined ? null : hashToken(invitationToken),
  });
  // The first request, or the sweeper, sends the mail that it wrote.
  if (db.isRepeat() || mailId === null || template === null) return;
  if (invitationToken !== undefined && (await verifyByInvitation(db, { tokenHash, mailId, invitationToken }))) return;
  const mail = template === 'verify-email' ? { template, to: email, name: displayName, link } : { template, to: email };
  await sendAtOnce(db, mailId, mail);
}
