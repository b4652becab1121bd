/** How a person wants it. */
import { z } from 'zod';
import { smallJson } from '../posts/small-json.ts';
import { timeZone } from '../time/zone.ts';

const maxExtraBytes = 16 * 1024;
const waitsForAi = 'Kept for the assistant, which does not read it yet.';

/** `HH:MM`, on whole minutes. */
const postingTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 09:30')
  .meta({ examples: ['09:30'] });

const fields = {
  timeZone: timeZone
    .nullable()
    .describe(
      'Zone of your new projects, and of a `schedule.at` that brings none. Null: new projects run on UTC, and the project’s zone holds.',
    ),
  defaultPostingTime: postingTime.nullable().describe('Time of day of a `schedule.at` that is only a date.'),
  emailNotifications: z
    .boolean()
    .describe(
      'Mails that tell what happened: a failed post, an export that is ready. Mails about your account’s safety always come.',
    ),
  postFailureAlerts: z.boolean().describe('A mail when a post of yours could not be published: one a post and day.'),
  aiOptimization: z.boolean().describe(waitsForAi),
  contentTone: z.string().min(1).max(50).nullable().describe(waitsForAi),
  extra: smallJson(maxExtraBytes).describe(
    `Whatever else a client keeps for you: at most ${maxExtraBytes} bytes of JSON.`,
  ),
};

export const PreferencesPatch = z
  .strictObject(fields)
  .partial()
  .meta({ id: 'PreferencesPatch', description: 'Changes the fields that are given; `extra` is replaced as a whole.' });

export const Preferences = z
  .object({
    ...fields,
    extra: z.record(z.string(), z.unknown()),
    version: z.int().describe('0 until something was chosen.'),
  })
  .meta({ id: 'Preferences' });
