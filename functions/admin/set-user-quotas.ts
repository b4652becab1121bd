import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { UsageList, UserLimits } from '../../shared/quotas/shapes.ts';
import { limit } from '../../shared/quotas/usage.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PUT',
  path: '/v1/admin/users/{userId}/quotas',
  auth: 'person',
  stepUp: true,
  summary: 'Set the limits of a user',
  description:
    'Send every limit that differs from the default: null means unlimited, and one left out returns to the default. A limit below current use removes nothing: accounts over it are paused, newest first, and resume when there is room.',
  params: z.strictObject({ userId: id }),
  body: UserLimits.partial(),
  status: 200,
  response: UsageList,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion, params }) =>
  limit(db, { scope: 'user', subjectId: params.userId }, body, expectedVersion),
);
