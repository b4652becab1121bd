/** What an operator decides for everybody. */
import { z } from 'zod';
import { instant } from '../db/columns.ts';
import { ProjectLimits, UserLimits } from '../quotas/shapes.ts';

export const registrations = ['open', 'invite_only', 'closed'] as const;
const registration = z
  .enum(registrations)
  .describe('open: anybody registers; invite_only: who holds an invitation; closed: nobody.');

export const Settings = z
  .object({
    registration,
    quotas: z
      .object({ user: UserLimits, project: ProjectLimits })
      .describe('Limits of all who have none of their own; null is as much as one likes.'),
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Settings' });

/** The fields that are given change. */
export const SettingsPatch = z
  .strictObject({
    registration,
    quotas: z.strictObject({ user: UserLimits.partial(), project: ProjectLimits.partial() }).partial(),
  })
  .partial()
  .meta({ id: 'SettingsPatch' });
