import { z } from 'zod';
import type { TextLimit, Violation } from '../connector.ts';
import { checkAgainst } from '../options.ts';
import { countText } from '../text.ts';

const options = z.strictObject({
  visibility: z.enum(['public', 'unlisted', 'private', 'direct']).optional(),
  sensitive: z.boolean().optional(),
  /** Content warning; counts towards the text. */
  spoilerText: z.string().optional(),
  /** ISO 639-1. */
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .optional(),
});

export type MastodonOptions = z.output<typeof options>;

export function readOptions(given: Readonly<Record<string, unknown>>): MastodonOptions {
  return options.safeParse(given).data ?? {};
}

/** Malformed options, and a content warning that makes the post too long. */
export function checkOptions(text: string, given: Readonly<Record<string, unknown>>, limit: TextLimit): Violation[] {
  const parsed = options.safeParse(given);
  if (!parsed.success) return checkAgainst(options, given);
  const { spoilerText } = parsed.data;
  const length = countText(text, limit);
  const actual = length + countText(spoilerText ?? '', limit);
  if (spoilerText === undefined || length > limit.max || actual <= limit.max) return [];
  const message = `Text and content warning together may have ${limit.max} characters.`;
  return [{ pointer: '/options/spoilerText', code: 'text_too_long', message, limit: limit.max, actual }];
}
