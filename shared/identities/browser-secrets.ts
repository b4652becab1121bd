/** All that a sign-in keeps secret follows from one random text in a cookie of the browser that went: it is stored nowhere else. */
import { createHash, createHmac } from 'node:crypto';
import { config } from '../config/config.ts';

export interface BrowserSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly codeChallenge: string;
}

export function secretsOf(browserToken: string): BrowserSecrets {
  const derive = (use: string) => createHmac('sha256', browserToken).update(use).digest('base64url');
  const codeVerifier = derive('code_verifier');
  return { state: derive('state'), nonce: derive('nonce'), codeVerifier, codeChallenge: challengeOf(codeVerifier) };
}

/** S256 of RFC 7636. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/** `__Host-`: this host alone sets it, over https alone. A browser refuses the prefix on http, which only one machine speaks. */
function cookieName(): string {
  return config('http').PUBLIC_BASE_URL.startsWith('https:') ? '__Host-posthaste-sign-in' : 'posthaste-sign-in';
}

/** `Lax`: it comes along when the provider's page sends the browser back, and with no request that another site makes. */
export function cookieOf(browserToken: string, maxAgeS = 600): string {
  const secure = config('http').PUBLIC_BASE_URL.startsWith('https:') ? '; Secure' : '';
  return `${cookieName()}=${browserToken}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`;
}

export function browserTokenIn(cookies: readonly string[]): string | null {
  const prefix = `${cookieName()}=`;
  const found = cookies.filter((cookie) => cookie.startsWith(prefix)).map((cookie) => cookie.slice(prefix.length));
  const [token = ''] = found;
  return found.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(token) ? token : null;
}
