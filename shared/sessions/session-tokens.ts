/** What whoever holds a session gets: an access token, and the refresh token that follows the one before. */
import { ACCESS_TOKEN_S } from '../auth/signing-keys.ts';
import { issueAccessToken, refreshToken } from '../auth/tokens.ts';

/** As in the table sign_in_tickets. */
const TICKET_S = 600;

export async function tokensOf(userId: string, sessionId: string, secret: string) {
  return {
    accessToken: await issueAccessToken({ userId, sessionId }),
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_S,
    refreshToken: await refreshToken(sessionId, secret),
  };
}

export async function signedIn(userId: string, sessionId: string, secret: string) {
  return { status: 'signed_in' as const, ...(await tokensOf(userId, sessionId, secret)) };
}

/** What whoever owes the second factor gets: the random text that was to become a session's is the ticket for it. */
export function ticketOf(secret: string) {
  return {
    status: 'second_factor_needed' as const,
    ticket: secret,
    expiresIn: TICKET_S,
    methods: ['totp' as const, 'recovery_code' as const],
  };
}
