import { z } from 'zod';
import { AdminUser, Role } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/admin/users/{userId}',
  auth: 'person',
  stepUp: true,
  ifMatch: true,
  summary: 'Change the role of a user',
  description:
    'Takes effect with their next request. You cannot change your own role, and an installation must keep one administrator.',
  params: z.strictObject({ userId: id }),
  body: z.strictObject({ role: Role }),
  status: 200,
  response: AdminUser,
  errors: ['not_oneself', 'last_admin'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'role', value: body.role, expectedVersion }),
);
