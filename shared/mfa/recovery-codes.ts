/** Codes for when the authenticator is lost: ten, each good once, 80 bits, kept as hashes that are worth nothing elsewhere. */
import { randomBytes } from 'node:crypto';
import { hashToken } from '../auth/tokens.ts';

const COUNT = 10;
const LENGTH = 16;
/** Crockford's base32: none is read as another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () => {
    const letters = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % 32] ?? '');
    return letters.join('').replace(/(.{4})(?=.)/g, '$1-');
  });
}

/** Spaces, dashes and capitals do not matter; nor what looks alike. */
export function hashRecoveryCode(userId: string, code: string): string {
  const typed = code.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return hashToken(`recovery|${userId}|${typed}`);
}
