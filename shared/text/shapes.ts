/** Texts that people give. */
import { z } from 'zod';
import { isVisible } from './visible.ts';

/** Something that is read: without the space around it, and not blank. How long it may be is the door's; empty is left to `min`. */
export const visibleText = z
  .string()
  .trim()
  .refine((text) => text === '' || isVisible(text), 'has nothing in it that can be seen')
  .meta({ format: 'visible-text' });

/** A name that stands in mails, pages and lists: one line without control characters, also those that turn text round. */
export const oneLine = visibleText.regex(
  /^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u,
  'must be one line without control characters',
);
