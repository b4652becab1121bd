/** Signing in through a provider, from the button to the session: begun by a client, gone through by its browser, finished by it. */
import { unseal } from '../accounts/seal.ts';
import type { LoginAnswer } from '../auth/shapes.ts';
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { AppError, type ErrorCode, fail } from '../errors.ts';
import { deviceOf } from '../sessions/device.ts';
import type { Caller } from '../sessions/open-session.ts';
import { signedIn, ticketOf } from '../sessions/session-tokens.ts';
import { isSameText } from '../text/same-text.ts';
import { browserTokenIn, challengeOf, secretsOf } from './browser-secrets.ts';
import { authorizationUrl, exchange } from './provider.ts';
import { beginProof, beginSignIn, finishSignIn, keepSignIn, openSignIn, returnSignIn } from './queries.ts';

export interface Beginning {
  readonly provider: string;
  readonly returnTo: string;
  readonly codeChallenge: string;
}

/** What the client's secret of a provider is bound to. */
export function providerBinding(name: string): string {
  return ['identity-provider', name].join('|');
}

/** Throws `not_found` for the provider, and `return_not_allowed`. */
export async function begin(db: Db, beginning: Beginning, purpose: 'sign_in' | 'link' | 'step_up') {
  const token = randomToken();
  const { provider, returnTo, codeChallenge } = beginning;
  const row = { provider, startHash: hashToken(token), returnTo, returnOrigin: originToAllow(returnTo), codeChallenge };
  const { expiresAt } =
    purpose === 'sign_in' ? await db.change(beginSignIn, row) : await db.change(beginProof, { ...row, purpose });
  return { url: `${config('http').PUBLIC_BASE_URL}/v1/auth/sign-in/${token}`, expiresAt };
}

/** The origin that a provider's settings must allow; null for our own and the person's own machine (RFC 8252, 7.3). */
function originToAllow(returnTo: string): string | null {
  const { origin, protocol, hostname, username, password, hash } = new URL(returnTo);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  if (!isWeb || username !== '' || password !== '' || hash !== '') fail('return_not_allowed');
  if (origin === new URL(config('http').PUBLIC_BASE_URL).origin) return null;
  const isOwnMachine = protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  return isOwnMachine ? null : origin;
}

/** The browser opens the link: tied to it from here on. Throws `invalid_state`, `provider_unavailable`. */
export async function goToProvider(db: Db, startToken: string): Promise<{ url: string; browserToken: string }> {
  const browserToken = randomToken();
  const browserHash = hashToken(browserToken);
  const begun = await db.maybe(openSignIn, { startHash: hashToken(startToken), browserHash });
  if (begun === null) fail('invalid_state');
  const url = (await authorizationUrl(begun, secretsOf(browserToken))) ?? fail('provider_unavailable');
  return { url: url.href, browserToken };
}

/**
 * The browser comes back. Throws `invalid_state` where it is not the one that went, or comes twice; anything else is told to
 * the client in the fragment, which no server sees.
 */
export async function comeBack(db: Db, cookies: readonly string[], returned: URLSearchParams): Promise<string> {
  const browserToken = browserTokenIn(cookies) ?? fail('invalid_state');
  const secrets = secretsOf(browserToken);
  if (!isSameText(returned.get('state') ?? '', secrets.state)) fail('invalid_state');
  const begun = await db.maybe(returnSignIn, { browserHash: hashToken(browserToken) });
  if (begun === null) fail('invalid_state');
  const clientSecret = await unseal(begun.clientSecretSealed, providerBinding(begun.provider));
  const result = await exchange({ ...begun, clientSecret }, returned, secrets);
  if (result.kind === 'failed') return `${begun.returnTo}#${new URLSearchParams({ error: result.error })}`;
  const code = randomToken();
  await db.change(keepSignIn, { signInId: begun.signInId, codeHash: hashToken(code), ...result.told });
  return `${begun.returnTo}#${new URLSearchParams({ code })}`;
}

export interface Finishing {
  readonly code: string;
  readonly codeVerifier: string;
}

export function hashesOf({ code, codeVerifier }: Finishing): { codeHash: string; codeChallenge: string } {
  return { codeHash: hashToken(code), codeChallenge: challengeOf(codeVerifier) };
}

/** Why a sign-in does not end with a session. */
export const FINISH_ERRORS = [
  'invalid_token',
  'sign_in_refused',
  'email_not_verified',
  'account_exists',
  'registration_closed',
  'invitation_needed',
] as const satisfies readonly ErrorCode[];

export async function finish(
  db: Db,
  finishing: Finishing & { readonly invitationToken?: string | undefined },
  { ip, userAgent }: Caller,
): Promise<LoginAnswer> {
  const secret = randomToken();
  const { invitationToken } = finishing;
  const { outcome, userId, sessionId } = await db.one(finishSignIn, {
    ...hashesOf(finishing),
    invitationHash: invitationToken === undefined ? null : hashToken(invitationToken),
    secretHash: hashToken(secret),
    userAgent,
    ip,
    device: json(deviceOf(userAgent)),
  });
  if (outcome === 'second_factor_needed') return ticketOf(secret);
  if (outcome !== 'ok') throw new AppError(FINISH_ERRORS.find((code) => code === outcome) ?? 'internal');
  if (userId === null || sessionId === null) throw new Error('a session was opened for nobody');
  return signedIn(userId, sessionId, secret);
}
