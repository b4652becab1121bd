import type { z } from 'zod';
import type { Violation } from './connector.ts';

/** What is wrong with a platform's options, each at its own pointer. */
export function checkAgainst(schema: z.ZodType, given: Readonly<Record<string, unknown>>): Violation[] {
  const issues = schema.safeParse(given).error?.issues ?? [];
  return issues.map(({ path, message }) => ({
    pointer: ['/options', ...path.map(String)].join('/'),
    code: 'option_invalid',
    message,
  }));
}
