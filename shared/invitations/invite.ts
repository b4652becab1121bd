/** An invitation and its mail are one statement; the mail goes out after the commit. */
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { createInvitation, resendInvitation } from './queries.ts';

export interface NewInvitation {
  readonly projectId: string;
  readonly email: string;
  readonly role: 'owner' | 'editor' | 'approver' | 'reviewer' | 'viewer';
  readonly permissions: readonly ('review' | 'approve' | 'write')[];
}

/** Throws `not_found`, `forbidden`, `already_member`, `already_invited`, `limit_reached`. */
export async function invite(db: Db, invitation: NewInvitation, invitedBy: string) {
  const { token, link } = newLink();
  const { mailId, inviter, projectName, outcome, ...made } = await db.change(createInvitation, {
    ...invitation,
    tokenHash: hashToken(token),
    link,
  });
  if (!db.isRepeat()) {
    const { email: to, role } = invitation;
    await sendAtOnce(db, mailId, { template: 'invitation', to, inviter, project: projectName, role, link });
  }
  return {
    ...invitation,
    ...made,
    permissions: [...invitation.permissions],
    state: 'open' as const,
    invitedBy,
    acceptedBy: null,
    lastSentAt: made.createdAt,
    sentCount: 1,
  };
}

/** Throws `not_found`, `forbidden`, `wrong_state`, `already_member`, and `too_many_requests` with the wait until the next. */
export async function inviteAgain(db: Db, ids: { projectId: string; invitationId: string }) {
  const { token, link } = newLink();
  const sent = await db.one(resendInvitation, { ...ids, tokenHash: hashToken(token), link });
  if (sent.outcome === 'too_many_requests') fail(sent.outcome, { retryAfterS: sent.waitS ?? 60 });
  if (sent.outcome !== 'ok' || sent.mail === null) return fail(sent.outcome === 'ok' ? 'internal' : sent.outcome);
  const { mailId, email: to, inviter, projectName: project, role, expiresAt } = sent.mail;
  if (!db.isRepeat()) await sendAtOnce(db, mailId, { template: 'invitation', to, inviter, project, role, link });
  return { status: 'sent' as const, expiresAt };
}

function newLink() {
  const token = randomToken();
  return { token, link: `${config('http').PUBLIC_BASE_URL}/invitations/${token}` };
}
