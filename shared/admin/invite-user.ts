/** An invitation and its mail are one statement; the mail goes out after the commit. */
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { createUserInvitation, resendUserInvitation } from './invitation-queries.ts';
import type { roles } from './shapes.ts';

export interface InvitedUser {
  readonly email: string;
  readonly role: (typeof roles)[number];
}

/** Throws `not_found`, `wrong_state` where registration is closed, `already_registered`, `already_invited`, and `too_many_requests`. */
export async function inviteUser(db: Db, { email, role }: InvitedUser, invitedBy: string) {
  const { tokenHash, link } = newLink();
  const {
    mailId,
    outcome: _,
    waitS: __,
    ...made
  } = await db.change(createUserInvitation, { email, role, tokenHash, link });
  if (!db.isRepeat()) await sendAtOnce(db, mailId, { template: 'user-invitation', to: email, link });
  return { ...made, email, role, state: 'open' as const, invitedBy, acceptedBy: null };
}

/** Throws `not_found`, `wrong_state` for what was accepted or revoked, and `too_many_requests`. */
export async function inviteUserAgain(db: Db, invitationId: string) {
  const { tokenHash, link } = newLink();
  const { mailId, email, expiresAt } = await db.change(resendUserInvitation, { invitationId, tokenHash, link });
  if (!db.isRepeat()) await sendAtOnce(db, mailId, { template: 'user-invitation', to: email, link });
  return { status: 'sent' as const, expiresAt };
}

function newLink() {
  const token = randomToken();
  return { tokenHash: hashToken(token), link: `${config('http').PUBLIC_BASE_URL}/join/${token}` };
}
