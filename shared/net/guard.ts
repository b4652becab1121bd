/**
 * Guards every address we fetch (SSRF). A URL is checked as written, its name is resolved here, and the connection
 * goes to the very addresses that were checked, so that a name cannot change its mind in between (DNS rebinding).
 */

import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError, fail } from '../errors.ts';

export type ResolveAll = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface GuardPolicy {
  /** Exact origins that may lie anywhere and use any port. Filled by infra/local only. */
  readonly trustedOrigins: readonly string[];
  /** Resolver of names to all their addresses; the system's by default. */
  readonly resolve?: ResolveAll;
}

/** A URL that passed, and how its connection must look its name up. */
export interface GuardedUrl {
  readonly url: URL;
  /** For `http(s).request`: answers only with addresses that were checked. */
  readonly lookup: LookupFunction;
}

const privateSuffixes = ['localhost', 'local', 'internal', 'localdomain', 'home.arpa', 'intranet', 'lan'];
const globalUnicastV6 = ipaddr.parseCIDR('2000::/3');

/** Throws `address_not_allowed` unless the URL may be fetched. Names are checked by the returned `lookup`. */
export function guardUrl(address: string | URL, policy: GuardPolicy): GuardedUrl {
  const url = parse(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') refuse('Only http and https addresses are fetched.');
  if (url.username !== '' || url.password !== '') refuse('The address may not hold a user name or password.');
  const resolve = policy.resolve ?? resolveBySystem;
  if (policy.trustedOrigins.includes(url.origin)) return { url, lookup: lookupThrough(resolve, () => undefined) };

  // WHATWG parsing drops the scheme's own port, so any port left is neither 80 nor 443, unless they are swapped.
  if (url.port !== '' && url.port !== '80' && url.port !== '443') refuse('Only the ports 80 and 443 are used.');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) checkAddress(host);
  else checkName(host);
  return { url, lookup: lookupThrough(resolve, checkAddress) };
}

/** Throws `address_not_allowed` unless the IP address belongs to the public Internet. */
function checkAddress(address: string): void {
  if (!isPublicAddress(address)) refuse('The address does not lie on the public Internet.');
}

export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  // Only 2000::/3 is handed out as global unicast; this also refuses mapped and compatible IPv4 forms.
  return parsed.kind() === 'ipv4' || parsed.match(globalUnicastV6);
}

function parse(address: string | URL): URL {
  const url = typeof address === 'string' ? URL.parse(address) : address;
  return url ?? refuse('This is not an absolute address.');
}

function checkName(host: string): void {
  const last = privateSuffixes.find((suffix) => host === suffix || host.endsWith(`.${suffix}`));
  if (last !== undefined || !host.includes('.')) refuse('The name does not lie on the public Internet.');
}

function lookupThrough(resolve: ResolveAll, check: (address: string) => void): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => {
        for (const { address } of addresses) check(address);
        const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0);
        const usable = addresses.filter((entry) => family === 0 || entry.family === family);
        const first = usable[0];
        if (first === undefined) throw Object.assign(new Error('no address found'), { code: 'ENOTFOUND' });
        if (options.all === true) callback(null, [...usable]);
        else callback(null, first.address, first.family);
      })
      .catch((cause: unknown) => callback(asLookupError(cause), ''));
  };
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
}

function asLookupError(cause: unknown): NodeJS.ErrnoException {
  return cause instanceof Error ? cause : new Error('name lookup failed');
}

function refuse(detail: string): never {
  return fail('address_not_allowed', { detail });
}

/** True when the guard refused, as opposed to trouble on the network. */
export function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'address_not_allowed';
}
