/**
 * From a password to a session, in two steps: the password is proven and a session opened by one function of the database
 * (`app.log_in`, which calls `app.sign_in`); then its tokens are signed. Whoever else proves who somebody is
 * calls `app.sign_in` alike. Known or not, right or wrong, held or free: the same statements and one argon2id each.
 */
import { hashBy, hashPassword, isOutdated, NOBODYS_RECIPE } from '../auth/password.ts';
import type { LoginAnswer } from '../auth/shapes.ts';
import { hashToken, randomToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { findLoginRecipe, renewPasswordHash } from '../users/credential-queries.ts';
import { deviceOf } from './device.ts';
import { openSessionByPassword } from './queries.ts';
import { signedIn, ticketOf } from './session-tokens.ts';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export interface Caller {
  readonly ip: string;
  readonly userAgent: string | null;
}

/** Throws `invalid_credentials`, for an address that is not verified yet too, and `too_many_requests`. */
export async function logIn(db: Db, { email, password }: Credentials, { ip, userAgent }: Caller): Promise<LoginAnswer> {
  const found = await db.maybe(findLoginRecipe, { email });
  const recipe = found?.recipe ?? NOBODYS_RECIPE;
  const presentedHash = await hashBy(recipe, password);
  const secret = randomToken();
  const { outcome, userId, sessionId, waitS } = await db.one(openSessionByPassword, {
    email,
    presentedHash,
    refreshHash: hashToken(secret),
    userAgent,
    ip,
    device: json(deviceOf(userAgent)),
  });
  if (outcome === 'too_many_requests') fail('too_many_requests', { retryAfterS: waitS ?? 1 });
  if (outcome === 'second_factor_needed') return ticketOf(secret);
  if (outcome !== 'ok' || userId === null || sessionId === null) fail('invalid_credentials');
  if (isOutdated(recipe)) {
    await db.maybe(renewPasswordHash, { sessionId, presentedHash, newHash: await hashPassword(password) });
  }
  return signedIn(userId, sessionId, secret);
}
