/** How much of what a person or a project may have, and has. */
import { z } from 'zod';
import { count, instant } from '../db/columns.ts';

const most = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const limits = {
  accounts: most.describe('Connected accounts.'),
  storageBytes: most.describe('Total size of uploaded files, in bytes.'),
  postsPerDay: most.describe('Posts due on one UTC day, not counting cancelled ones.'),
};

/** Null is as much as one likes. */
export const UserLimits = z
  .strictObject({ projects: most.describe('Projects the user created.'), ...limits })
  .meta({ id: 'UserLimits' });
export const ProjectLimits = z
  .strictObject({ members: most.describe('Members, including owners.'), ...limits })
  .meta({ id: 'ProjectLimits' });

const quotaNames = ['projects', 'members', 'accounts', 'storageBytes', 'postsPerDay'] as const;

export const Usage = z
  .object({
    quota: z.enum(quotaNames),
    limit: z.int().nullable().describe('Null: unlimited.'),
    own: z.boolean().describe('True if the limit is set for this user or project, false if it is the default.'),
    used: z.int(),
    resetsAt: instant.nullable().describe('When a daily quota resets.'),
  })
  .meta({ id: 'Usage' });

export const usageRow = Usage.extend({ limit: count.nullable(), used: count, version: z.int() });

export const UsageList = z
  .object({
    data: z.array(Usage),
    version: z.int().describe('Version of the limits set for this user or project.'),
  })
  .meta({ id: 'UsageList' });
