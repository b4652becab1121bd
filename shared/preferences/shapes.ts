/** How a person wants it. */
import { z } from 'zod';
import { smallJson } from '../posts/small-json.ts';
import { timeZone } from '../time/zone.ts';

const maxExtraBytes = 16 * 1024;
const waitsForAi = 'Reserved for the assistant; has no effect yet.';

/** `HH:MM`, on whole minutes. */
const postingTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 09:30')
  .meta({ examples: ['09:30'] });

const fields = {
  timeZone: timeZone
    .nullable()
    .describe(
      'Default zone for your new projects, and for a `schedule.at` without one. Null: new projects use UTC, and schedules the project’s zone.',
    ),
  defaultPostingTime: postingTime.nullable().describe('Time of day used when `schedule.at` is only a date.'),
  emailNotifications: z
    .boolean()
    .describe(
      'Notification mails: a failed post, paused accounts, a finished export. Mails about the security of your account are always sent.',
    ),
  postFailureAlerts: z
    .boolean()
    .describe('Sends a mail when one of your posts could not be published, at most one per post and day.'),
  aiOptimization: z.boolean().describe(waitsForAi),
  contentTone: z.string().min(1).max(50).nullable().describe(waitsForAi),
  extra: smallJson(maxExtraBytes).describe(
    `Anything else a client wants to store for you: at most ${maxExtraBytes} bytes of JSON.`,
  ),
};

export const PreferencesPatch = z
  .strictObject(fields)
  .partial()
  .meta({ id: 'PreferencesPatch', description: 'Changes only the fields you send; `extra` is replaced as a whole.' });

export const Preferences = z
  .object({
    ...fields,
    extra: z.record(z.string(), z.unknown()),
    version: z.int().describe('0 until a preference is set.'),
  })
  .meta({ id: 'Preferences' });
