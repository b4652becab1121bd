/** Who registers by an invitation to the same address needs no mail to prove it. */
import { hashToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { markMailSent } from '../mail/queries.ts';
import { verifyInvited } from './queries.ts';

export interface Invited {
  /** Of the verification mail, which is then not sent. */
  readonly tokenHash: string;
  readonly mailId: string;
  readonly invitationToken: string;
}

/** Whether the address counts as verified now. */
export async function verifyByInvitation(db: Db, { tokenHash, mailId, invitationToken }: Invited): Promise<boolean> {
  const { outcome } = await db.one(verifyInvited, { tokenHash, invitationHash: hashToken(invitationToken) });
  if (outcome === 'ok') await db.maybe(markMailSent, { mailId });
  return outcome === 'ok';
}
