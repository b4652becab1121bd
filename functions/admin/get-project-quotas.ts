import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { UsageList } from '../../shared/quotas/shapes.ts';
import { limitsOf } from '../../shared/quotas/usage.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/projects/{projectId}/quotas',
  auth: 'person',
  summary: 'Get the limits of a project',
  description: 'Includes how much of each is used. Send the `ETag` as `If-Match` when you set them.',
  params: z.strictObject({ projectId: id }),
  status: 200,
  response: UsageList,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => limitsOf(db, { scope: 'project', subjectId: params.projectId }));
