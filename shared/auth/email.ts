/** The one written form of an e-mail address. What a provider does with dots or plus signs is the provider's. */
import { domainToASCII } from 'node:url';

/** Trimmed, NFC, in small letters, the domain as DNS knows it (`bücher.example` is `xn--bcher-kva.example`). */
export function canonicalEmail(given: string): string {
  const address = given.trim().normalize('NFC').toLowerCase();
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  // Plain ASCII is left as it is, so that what is no domain is refused as it was written.
  return at < 1 || /^[\x21-\x7e]*$/.test(domain) ? address : `${address.slice(0, at)}@${domainToASCII(domain)}`;
}

/** Of a canonical address: what HTML's own e-mail field takes, in a domain of at least two labels. */
export const addressForm =
  /^(?!\.)(?!.*\.\.)[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<!\.)@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
