import { z } from 'zod';
import { AdminUser, reason } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/users/{userId}/deactivate',
  auth: 'person',
  stepUp: true,
  summary: 'Deactivate a user',
  description:
    'Their sessions and API keys are refused from the next request on; posts they scheduled in projects are still published. Projects that are left without an active owner: GET /v1/admin/ownerless-projects?ownerId=….',
  params: z.strictObject({ userId: id }),
  body: z.strictObject({ reason }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: ['not_oneself', 'last_admin', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'deactivate', value: body.reason, expectedVersion }),
);
