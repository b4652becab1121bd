/** Texts that people give. */
import { z } from 'zod';
import { isVisible } from './visible.ts';

/** A name that stands in mails, pages and lists: one line without control characters, also those that turn text round, and not blank. */
export const oneLine = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u, 'must be one line without control characters')
  .refine((text) => text === '' || isVisible(text), 'has nothing in it that can be seen');
