import { z } from 'zod';
import { AdminUser } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/users/{userId}/unlock',
  auth: 'person',
  stepUp: true,
  summary: 'Unlock a user',
  description: 'Lifts the lock that follows too many failed logins.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'unlock', value: null, expectedVersion }),
);
