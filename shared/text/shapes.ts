/** Texts that people give. */
import { z } from 'zod';

/** A name that stands in mails, pages and lists: one line without control characters. */
export const oneLine = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');
