/** Login and refresh: from a password or a refresh token to a pair of tokens. */
import { hashBy, NOBODYS_RECIPE } from '../auth/password.ts';
import { ACCESS_TOKEN_S } from '../auth/signing-keys.ts';
import {
  hashToken,
  issueAccessToken,
  parseRefreshToken,
  randomToken,
  refreshToken,
  successorSecret,
} from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { findLoginCandidate } from '../users/queries.ts';
import { openSession, rotateSession } from './queries.ts';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export interface Device {
  readonly ip: string;
  readonly userAgent: string | null;
}

/** Throws `invalid_credentials`, and `email_not_verified` to those alone who know the password. */
export async function logIn(db: Db, { email, password }: Credentials, { ip, userAgent }: Device) {
  const person = await db.maybe(findLoginCandidate, { email });
  const recipe = /^(\$argon2id\$.+)\$[^$]+$/.exec(person?.passwordHash ?? '')?.[1] ?? NOBODYS_RECIPE;
  const given = await hashBy(recipe, password);
  if (person === null || given !== person.passwordHash || !person.active) fail('invalid_credentials');
  if (!person.verified) fail('email_not_verified');
  const secret = randomToken();
  const { sessionId } = await db.change(openSession, {
    userId: person.userId,
    refreshHash: hashToken(secret),
    userAgent,
    ip,
  });
  return tokensOf(person.userId, sessionId, secret);
}

/** Throws `invalid_refresh_token`. A token used twice, out of its grace time, ends its session. */
export async function refreshSession(db: Db, token: string) {
  const { sessionId, secret } = parseRefreshToken(token) ?? fail('invalid_refresh_token');
  const successor = await successorSecret(secret, sessionId);
  const { userId } = await db.change(rotateSession, {
    sessionId,
    presentedHash: hashToken(secret),
    successorHash: hashToken(successor),
  });
  return tokensOf(userId ?? fail('invalid_refresh_token'), sessionId, successor);
}

async function tokensOf(userId: string, sessionId: string, secret: string) {
  return {
    accessToken: await issueAccessToken({ userId, sessionId }),
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_S,
    refreshToken: refreshToken(sessionId, secret),
  };
}
