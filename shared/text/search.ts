import { z } from 'zod';

/** What people type to find texts. Nothing of it is an error. */
export const searchWords = z
  .string()
  .min(1)
  .max(200)
  .describe(
    'Words, matched in all their forms in the language of each text; also `"a phrase"`, `or`, `-without` and `begin*`.',
  );
