/** Timestamp identifiers of the AT Protocol: 53 bits of microseconds and 10 bits of clock id in 13 sortable characters. */
import { createHash } from 'node:crypto';

const alphabet = '234567abcdefghijklmnopqrstuvwxyz';
const length = 13;

/**
 * The record key of a publication. It lies within the due second and depends on nothing else, so that every attempt
 * writes to the same place and a second write is refused by the server.
 */
export function recordKey(idempotencyKey: string, dueAt: string): string {
  const hash = createHash('sha256').update(idempotencyKey).digest();
  const dueMicros = BigInt(Math.floor(Date.parse(dueAt) / 1000)) * 1_000_000n;
  const withinSecond = BigInt(hash.readUInt32BE(0) % 1_000_000);
  const clockId = BigInt(hash.readUInt16BE(4) & 1023);
  return encode(((dueMicros + withinSecond) << 10n) | clockId);
}

/** The instant that a TID carries, such as a commit's `rev`; null when it is not a TID. */
export function instantOf(tid: string): string | null {
  if (!/^[2-7a-j][2-7a-z]{12}$/.test(tid)) return null;
  const value = Array.from(tid).reduce((sum, letter) => (sum << 5n) | BigInt(alphabet.indexOf(letter)), 0n);
  return new Date(Number((value >> 10n) / 1000n)).toISOString();
}

function encode(value: bigint): string {
  const letters = Array.from(
    { length },
    (_, place) => alphabet[Number((value >> BigInt(5 * (length - 1 - place))) & 31n)],
  );
  return letters.join('');
}
