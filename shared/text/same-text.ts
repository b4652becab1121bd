/** Comparing a secret, or a signature, with what somebody sent. */
import { timingSafeEqual } from 'node:crypto';

/** In a time that tells nothing of where they differ. `given` may be any text: of as many characters, but more bytes, too. */
export function isSameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
