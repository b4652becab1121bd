import { z } from 'zod';

/** A hashtag as somebody asks for it, kept without the sign. */
export const givenHashtag = z
  .string()
  .regex(/^[#＃]?[^\s#＃]{1,100}$/u, 'must be one hashtag, with or without the sign')
  .transform((tag) => tag.replace(/^[#＃]/u, ''))
  .describe('With or without the `#`; not case-sensitive.');
