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
  summary: 'Let a person in again',
  description: 'Ends a deletion that has begun as well. They log in anew; what was signed in before stays ended.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'reactivate', value: null, expectedVersion }),
);
