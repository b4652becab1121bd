/** Which passwords everybody tries first: a Bloom filter of half a million, beside this file or beside the bundle. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What a door that takes a new password declares as its assets. */
export const commonPasswordsAsset = { 'common-passwords.bin': '../../shared/auth/common-passwords.bin' } as const;

export const FILTER_BYTES = 1_000_000;
/** 16.9 bits a word: of the passwords that nobody chose, one in 3,200 is refused with the others. */
const PROBES = 11;

let filter: Promise<Buffer> | undefined;

export async function isCommon(password: string): Promise<boolean> {
  filter ??= readFile(new URL('common-passwords.bin', import.meta.url)).catch((error: unknown) => {
    filter = undefined;
    throw error;
  });
  const bits = await filter;
  return bitsOf(canonical(password)).every((bit) => (bits.readUInt8(bit >> 3) & (1 << (bit & 7))) !== 0);
}

/** Capitals and the width of letters make no password rarer. */
export function canonical(password: string): string {
  return password.normalize('NFKC').toLowerCase();
}

/** The word's places in the filter. */
export function bitsOf(word: string): number[] {
  const hash = createHash('sha256').update(word).digest();
  const [first, step] = [hash.readUIntLE(0, 6), hash.readUIntLE(6, 6)];
  return Array.from({ length: PROBES }, (_, probe) => (first + probe * step) % (FILTER_BYTES * 8));
}
