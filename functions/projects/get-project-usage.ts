import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { UsageList } from '../../shared/quotas/shapes.ts';
import { usageOf } from '../../shared/quotas/usage.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/usage',
  auth: 'user',
  scope: 'projects:read',
  summary: 'Get the usage and limits of a project',
  description:
    'Nothing is removed when a limit is exceeded; requests that would add more are refused with `quota_exceeded`. A post counts on the day it is due.',
  params: z.strictObject({ projectId: id }),
  status: 200,
  response: UsageList,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => usageOf(db, { scope: 'project', subjectId: params.projectId }));
