/**
 * API keys: `phk_live_`, 32 random characters (190 bits), and a checksum of six over all that stands before it. With the
 * prefix and the checksum a leak scanner tells a key from any other text, offline. Only the hash of the whole key is stored
 * (`hashToken`).
 */
import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'phk_live_';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const SHOWN_LENGTH = 8;

export interface ApiKey {
  /** The whole key: shown once, stored nowhere. */
  readonly key: string;
  /** Its readable beginning, by which it is recognised in a list or a leak. 143 bits of the key are not in it. */
  readonly prefix: string;
}

export function newApiKey(): ApiKey {
  const random = Array.from({ length: RANDOM_LENGTH }, () => DIGITS.charAt(randomInt(DIGITS.length))).join('');
  const unsigned = PREFIX + random;
  return { key: unsigned + checksumOf(unsigned), prefix: unsigned.slice(0, PREFIX.length + SHOWN_LENGTH) };
}

/** Whether the text has the shape and the checksum of a key. Says nothing of whether the key was ever made. */
export function isApiKey(text: string): boolean {
  if (!/^phk_live_[0-9A-Za-z]{38}$/.test(text)) return false;
  return checksumOf(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** CRC-32 in base 62, the most significant digit first. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
