import { fail } from '../errors.ts';
import type { GuardPolicy } from '../net/guard.ts';
import { guardUrl } from '../net/guard.ts';

/**
 * The origin of an instance or server as people write it: `mastodon.social`, `https://mastodon.social/@ann`.
 * Throws `address_not_allowed` for what may not be called; tokens travel over https, except to trusted origins.
 */
export function readOrigin(written: string, policy: GuardPolicy): string {
  const trimmed = written.trim();
  const { url } = guardUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`, policy);
  if (!mayCarryTokens(url, policy)) fail('address_not_allowed', { detail: 'The address must begin with https://.' });
  return url.origin;
}

export function mayCarryTokens(url: URL, { trustedOrigins }: Pick<GuardPolicy, 'trustedOrigins'>): boolean {
  return url.protocol === 'https:' || trustedOrigins.includes(url.origin);
}
