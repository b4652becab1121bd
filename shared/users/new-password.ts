/** A new password, by the old one or by the link of a mail. */
import { hashBy, hashPassword, NOBODYS_RECIPE } from '../auth/password.ts';
import { checkNewPassword } from '../auth/password-rules.ts';
import { hashToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { changePassword, findResetCandidate, getOwnRecipe, resetPassword } from './credential-queries.ts';

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** Throws `wrong_password`, `too_many_requests` after wrong ones, and `password_too_common`. */
export async function changeOwnPassword(db: Db, { currentPassword, newPassword }: PasswordChange): Promise<void> {
  const { recipe, email, displayName, username } = await db.one(getOwnRecipe, {});
  await checkNewPassword(newPassword, { email, names: [displayName, username] }, '/body/newPassword');
  const { outcome, waitS } = await db.one(changePassword, {
    presentedHash: await hashBy(recipe ?? NOBODYS_RECIPE, currentPassword),
    newHash: await hashPassword(newPassword),
  });
  if (outcome === 'too_many_requests') fail('too_many_requests', { retryAfterS: waitS ?? 1 });
  if (outcome !== 'ok') fail('wrong_password');
}

/** Throws `invalid_token` and `password_too_common`; the latter leaves the link good. */
export async function resetForgotten(db: Db, token: string, newPassword: string): Promise<void> {
  const tokenHash = hashToken(token);
  const person = await db.maybe(findResetCandidate, { tokenHash });
  if (person !== null) {
    const { email, displayName, username } = person;
    await checkNewPassword(newPassword, { email, names: [displayName, username] }, '/body/newPassword');
  } else if (!db.isRepeat()) fail('invalid_token');
  await db.change(resetPassword, { tokenHash, passwordHash: await hashPassword(newPassword) });
}
