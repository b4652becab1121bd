/** How much of what a person or a project may have, and has. */
import { z } from 'zod';
import { count, instant } from '../db/columns.ts';

const most = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const limits = {
  accounts: most.describe('Connected accounts. Accounts over the limit are paused, newest first.'),
  storageBytes: most.describe(
    'Total size of uploaded files, in bytes. Over the limit, new uploads are refused; existing files stay.',
  ),
  postsPerDay: most.describe(
    'Posts due on one UTC day, not counting cancelled ones. Over the limit, new posts for that day are refused; scheduled ones are published.',
  ),
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
