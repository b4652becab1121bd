/** What an operator decides for everybody. */
import { z } from 'zod';
import { instant } from '../db/columns.ts';
import { ProjectLimits, UserLimits } from '../quotas/shapes.ts';

export const registrations = ['open', 'invite_only', 'closed'] as const;
const registration = z
  .enum(registrations)
  .describe('open: anybody can register; invite_only: only with an invitation; closed: nobody.');

export const Settings = z
  .object({
    registration,
    quotas: z
      .object({ user: UserLimits, project: ProjectLimits })
      .describe('Default limits, for users and projects without their own; null means unlimited.'),
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
