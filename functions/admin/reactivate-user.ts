import { z } from 'zod';
import { AdminUser } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/users/{userId}/reactivate',
  auth: 'person',
  stepUp: true,
  summary: 'Reactivate a user',
  description: 'Also cancels a deletion in progress. They have to log in again; earlier sessions stay ended.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'reactivate', value: null, expectedVersion }),
);
