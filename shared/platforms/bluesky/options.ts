import { z } from 'zod';
import type { Violation } from '../connector.ts';
import { checkAgainst } from '../options.ts';
import { maxLanguages } from './limits.ts';

const options = z.strictObject({
  /** BCP 47 tags of the text's languages. */
  langs: z
    .array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/))
    .max(maxLanguages)
    .optional(),
});

export type BlueskyOptions = z.output<typeof options>;

export function readOptions(given: Readonly<Record<string, unknown>>): BlueskyOptions {
  return options.safeParse(given).data ?? {};
}

export function checkOptions(given: Readonly<Record<string, unknown>>): Violation[] {
  return checkAgainst(options, given);
}
