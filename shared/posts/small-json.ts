/** Objects that callers give us to keep: small enough to be answered and listed, and the same when they come back. */
import { z } from 'zod';

/** An object of at most so many bytes of JSON, without numbers that change on the way. */
export function smallJson(maxBytes: number) {
  return z
    .record(z.string(), z.unknown())
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
      `must be at most ${maxBytes} bytes of JSON`,
    )
    .refine(holdsExactNumbers, 'holds a number that JSON readers do not agree on: send it as a string');
}

// PostgreSQL writes 1e300 as 301 digits; beyond 2^53 readers lose digits.
function holdsExactNumbers(value: unknown): boolean {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? Number.isSafeInteger(value) : Math.abs(value) < 1e15 && Math.abs(value) > 1e-15;
  }
  return typeof value !== 'object' || value === null || Object.values(value).every(holdsExactNumbers);
}
