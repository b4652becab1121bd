import { z } from 'zod';

const numberSource = z.object({ source: z.string() });

/**
 * Parses JSON from outside. Integers beyond 2^53 become strings, since many platforms write ids as numbers.
 * Null when the text is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepBigIntegers);
  } catch {
    return null;
  }
}

/** Ids are strings to us, however the platform writes them. */
export const platformId = z.union([z.string().min(1), z.number().int()]).transform(String);

function keepBigIntegers(_key: string, value: unknown, ...context: unknown[]): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  return numberSource.safeParse(context[0]).data?.source ?? value;
}
