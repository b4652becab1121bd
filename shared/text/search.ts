import { z } from 'zod';

/** What people type to find texts. Nothing of it is an error. */
export const searchWords = z
  .string()
  .min(1)
  .max(200)
  .describe('Words, in the forms of each text’s language; `"a phrase"`, `or`, `-without`, `begin*`.');
