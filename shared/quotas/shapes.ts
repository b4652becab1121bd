/** How much of what a person or a project may have, and has. */
import { z } from 'zod';
import { count, instant } from '../db/columns.ts';

const most = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const limits = {
  accounts: most.describe('Connected accounts.'),
  storageBytes: most.describe('Bytes of uploaded files.'),
  postsPerDay: most.describe('Posts that are due on one day of UTC, without those that were cancelled.'),
};

/** Null is as much as one likes. */
export const UserLimits = z
  .strictObject({ projects: most.describe('Projects that the person made.'), ...limits })
  .meta({ id: 'UserLimits' });
export const ProjectLimits = z
  .strictObject({ members: most.describe('Members, owners among them.'), ...limits })
  .meta({ id: 'ProjectLimits' });

export const quotaNames = ['projects', 'members', 'accounts', 'storageBytes', 'postsPerDay'] as const;

export const Usage = z
  .object({
    quota: z.enum(quotaNames),
    limit: z.int().nullable().describe('Null: as much as one likes.'),
    own: z.boolean().describe('The limit is of this person or project, not everybody’s.'),
    used: z.int(),
    resetsAt: instant.nullable().describe('When a quota of a day begins anew.'),
  })
  .meta({ id: 'Usage' });

export const usageRow = Usage.extend({ limit: count.nullable(), used: count, version: z.int() });

export const UsageList = z
  .object({
    data: z.array(Usage),
    version: z.int().describe('Of the limits that are this person’s or project’s own.'),
  })
  .meta({ id: 'UsageList' });
