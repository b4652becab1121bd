import { z } from 'zod';
import type { Violation } from '../connector.ts';
import { checkAgainst } from '../options.ts';

const options = z.strictObject({
  replyControl: z
    .enum(['everyone', 'accounts_you_follow', 'mentioned_only', 'parent_post_author_only', 'followers_only'])
    .optional(),
  /** One topic, without `#`. */
  topicTag: z
    .string()
    .min(1)
    .max(50)
    .regex(/^[^.&]+$/)
    .optional(),
});

export type ThreadsOptions = z.output<typeof options>;

export function readOptions(given: Readonly<Record<string, unknown>>): ThreadsOptions {
  return options.safeParse(given).data ?? {};
}

export function checkOptions(given: Readonly<Record<string, unknown>>): Violation[] {
  return checkAgainst(options, given);
}
