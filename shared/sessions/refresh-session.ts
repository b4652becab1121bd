/** From a refresh token to its successor. */
import { hashToken, isIssued, parseRefreshToken, successorSecret } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { deviceOf } from './device.ts';
import type { Caller } from './open-session.ts';
import { rotateSession } from './queries.ts';
import { tokensOf } from './session-tokens.ts';

/**
 * Throws `invalid_refresh_token`. A token of ours that was used before, out of its grace time, ends its session and tells its
 * person; one that is made up, or garbled, does nothing.
 */
export async function refreshSession(db: Db, token: string, { ip, userAgent }: Caller) {
  const presented = parseRefreshToken(token) ?? fail('invalid_refresh_token');
  const { sessionId, secret } = presented;
  const successor = await successorSecret(secret, sessionId);
  const { userId } = await db.change(rotateSession, {
    sessionId,
    presentedHash: hashToken(secret),
    successorHash: hashToken(successor),
    isIssued: await isIssued(presented),
    ip,
    userAgent,
    device: json(deviceOf(userAgent)),
  });
  return tokensOf(userId ?? fail('invalid_refresh_token'), sessionId, successor);
}
