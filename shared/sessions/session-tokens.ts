/** What whoever holds a session gets: an access token, and the refresh token that follows the one before. */
import { ACCESS_TOKEN_S } from '../auth/signing-keys.ts';
import { issueAccessToken, refreshToken } from '../auth/tokens.ts';

export async function tokensOf(userId: string, sessionId: string, secret: string) {
  return {
    accessToken: await issueAccessToken({ userId, sessionId }),
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_S,
    refreshToken: refreshToken(sessionId, secret),
  };
}
