/** From a refresh token to its successor. */
import { hashToken, parseRefreshToken, successorSecret } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { rotateSession } from './queries.ts';
import { tokensOf } from './session-tokens.ts';

/** Throws `invalid_refresh_token`. A token used twice, out of its grace time, ends its session and tells its person. */
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
