/**
 * One conversation with a provider by OpenID Connect: authorization code with PKCE, state, nonce, issuer (RFC 9207), audience,
 * times and signature of the id token, by `openid-client`. Everything is fetched through our guard.
 */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client';
import { z } from 'zod';
import { email as emailAddress } from '../auth/shapes.ts';
import { config } from '../config/config.ts';
import { describeError, log } from '../log.ts';
import { guardedFetch } from '../net/fetch.ts';
import { isRefusal } from '../net/guard.ts';
import { RequestError } from '../net/request.ts';
import { isVisible } from '../text/visible.ts';
import type { BrowserSecrets } from './browser-secrets.ts';

export interface Client {
  readonly provider: string;
  /** Of the provider's settings: a change of them is heard at once. */
  readonly version: number;
  readonly issuer: string;
  readonly clientId: string;
}

export interface Told {
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly displayName: string | null;
  /** Whether they signed in there at this moment, and were not merely recognised. */
  readonly isFresh: boolean;
}

export type Exchanged =
  | { readonly kind: 'told'; readonly told: Told }
  | { readonly kind: 'failed'; readonly error: 'denied' | 'sign_in_refused' | 'provider_unavailable' };

const TIMEOUT_S = 8;
const FETCH_LIMITS = { maxBytes: 1024 * 1024, timeoutMs: 8_000 };
/** How long a provider's addresses are believed; its keys are fetched anew for an unknown one. */
const KEPT_MS = 10 * 60_000;
/** Of a person who has signed in there at this moment. */
const FRESH_S = 300;
/** Nobody is asked anew sooner, but a provider that is told an age says when one signed in (OpenID Connect Core 1.0, 3.1.2.1). */
const ANY_AGE_S = 365 * 86_400;
const kept = new Map<string, { readonly known: Configuration; readonly until: number }>();

export function redirectUri(): string {
  return `${config('http').PUBLIC_BASE_URL}/v1/auth/callback`;
}

/** The address of the provider's own page. Null while the provider does not answer, or not as one. */
export async function authorizationUrl(
  client: Client & { readonly scopes: readonly string[]; readonly purpose: string },
  secrets: BrowserSecrets,
): Promise<URL | null> {
  try {
    // The page is asked for by the browser, which may not see the client's secret.
    return buildAuthorizationUrl(await configurationOf(client, undefined), {
      redirect_uri: redirectUri(),
      scope: client.scopes.join(' '),
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: secrets.codeChallenge,
      code_challenge_method: 'S256',
      ...(client.purpose === 'step_up' ? { prompt: 'login', max_age: '0' } : { max_age: String(ANY_AGE_S) }),
    });
  } catch (error) {
    log('warn', 'provider', { provider: client.provider, ...describeError(error) });
    return null;
  }
}

/** From the address that the browser came back to, to who it was. Never throws: why not is in the log. */
export async function exchange(
  client: Client & { readonly clientSecret: string; readonly purpose: string },
  returned: URLSearchParams,
  secrets: BrowserSecrets,
): Promise<Exchanged> {
  try {
    const known = await configurationOf(client, client.clientSecret);
    const tokens = await authorizationCodeGrant(known, new URL(`${redirectUri()}?${returned}`), {
      pkceCodeVerifier: secrets.codeVerifier,
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      idTokenExpected: true,
    });
    const claims = claimsShape.parse(tokens.claims());
    const isFresh = !isOld(claims.auth_time);
    if (client.purpose === 'step_up' && !isFresh) return { kind: 'failed', error: 'sign_in_refused' };
    const hasMore = claims.email === undefined && known.serverMetadata().userinfo_endpoint !== undefined;
    const more = hasMore ? claimsShape.parse(await fetchUserInfo(known, tokens.access_token, claims.sub)) : {};
    return { kind: 'told', told: { ...toldBy({ ...more, ...claims }), isFresh } };
  } catch (error) {
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
      return { kind: 'failed', error: 'denied' };
    }
    log('warn', 'provider', { provider: client.provider, ...describeError(error) });
    return { kind: 'failed', error: isTrouble(error) ? 'provider_unavailable' : 'sign_in_refused' };
  }
}

async function configurationOf(client: Client, secret: string | undefined): Promise<Configuration> {
  const key = [client.provider, client.version, secret === undefined ? 'page' : 'exchange'].join('|');
  const before = kept.get(key);
  if (before !== undefined && before.until > performance.now()) return before.known;
  const issuer = new URL(client.issuer);
  const trustedOrigins = config('http').TRUSTED_ORIGINS;
  const isLocal = trustedOrigins.includes(issuer.origin);
  const known = await discovery(issuer, client.clientId, secret, undefined, {
    // The signature is checked although the token comes straight from the provider.
    execute: [enableNonRepudiationChecks, ...(isLocal ? [allowInsecureRequests] : [])],
    timeout: TIMEOUT_S,
    [customFetch]: guardedFetch({ trustedOrigins }, FETCH_LIMITS),
  });
  if (known.serverMetadata().issuer !== client.issuer) throw new Error('the provider calls itself otherwise');
  kept.set(key, { known, until: performance.now() + KEPT_MS });
  return known;
}

const claimsShape = z.looseObject({
  sub: z.string().min(1).max(255),
  email: z.string().optional(),
  // Some providers send words.
  email_verified: z.union([z.boolean(), z.stringbool()]).optional(),
  name: z.string().optional(),
  auth_time: z.number().optional(),
});

function toldBy({ sub, email, email_verified, name }: z.output<typeof claimsShape>): Omit<Told, 'isFresh'> {
  // The one form that registering writes: another would be another person's.
  const address = emailAddress.safeParse(email);
  const shown = (name ?? '')
    .replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, ' ')
    .trim()
    .slice(0, 100);
  return {
    subject: sub,
    email: address.data ?? null,
    emailVerified: address.success && email_verified === true,
    displayName: isVisible(shown) ? shown.toWellFormed() : null,
  };
}

/** Who was asked for `max_age` must say when (OpenID Connect Core 1.0, 3.1.2.1): what is not said may be of yesterday. */
function isOld(authTimeS: number | undefined): boolean {
  return authTimeS === undefined || Date.now() / 1000 - authTimeS > FRESH_S;
}

/** Network, or an answer that is none: what another try may mend. The library wraps what its fetch throws. */
function isTrouble(error: unknown): boolean {
  if (error instanceof RequestError || isRefusal(error)) return true;
  return error instanceof Error && error.cause !== undefined && isTrouble(error.cause);
}
