/** The second half of a sign-in: a ticket and a code for a session. */
import { hashToken, randomToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { deviceOf } from '../sessions/device.ts';
import type { Caller } from '../sessions/open-session.ts';
import { signedIn } from '../sessions/session-tokens.ts';
import { type GivenCode, readCode, refuseHaste } from './prove.ts';
import { openTicket, useTicket } from './queries.ts';

/** Throws `invalid_token` for the ticket, `wrong_code`, and `too_many_requests` while guesses must wait. */
export async function showSecondFactor(db: Db, ticket: string, given: GivenCode, { ip, userAgent }: Caller) {
  const ticketHash = hashToken(ticket);
  const [opened] = await db.many(openTicket, { ticketHash });
  if (opened === undefined) fail('invalid_token');
  refuseHaste(opened);
  const { userId, factors, nowS } = opened;
  if (userId === null || factors === null || nowS === null) fail('invalid_token');
  const shown = await readCode(given, { userId, factors, nowS });
  const secret = randomToken();
  const refreshHash = hashToken(secret);
  const device = json(deviceOf(userAgent));
  const { sessionId } = await db.change(useTicket, { ticketHash, ...shown, refreshHash, userAgent, ip, device });
  return signedIn(userId, sessionId, secret);
}
