import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { UsageList } from '../../shared/quotas/shapes.ts';
import { limitsOf } from '../../shared/quotas/usage.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/projects/{projectId}/quotas',
  auth: 'person',
  summary: 'Show the limits of a project',
  description: 'And what of them is used. The `ETag` is for setting them.',
  params: z.strictObject({ projectId: id }),
  status: 200,
  response: UsageList,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => limitsOf(db, { scope: 'project', subjectId: params.projectId }));
