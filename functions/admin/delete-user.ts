import { z } from 'zod';
import { AdminUser } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/admin/users/{userId}',
  auth: 'person',
  stepUp: true,
  ifMatch: true,
  summary: 'Delete a user',
  description:
    'Deactivates the user at once and starts the grace period, after which they are erased. Until then, POST …/reactivate undoes it.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  errors: ['not_oneself', 'last_admin', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'delete', value: null, expectedVersion }),
);
