import { z } from 'zod';
import { AdminUser } from '../../shared/admin/shapes.ts';
import { administerUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/users/{userId}/verify-email',
  auth: 'person',
  stepUp: true,
  summary: 'Verify the address of a user by hand',
  description:
    'For mails that do not arrive: you vouch for the address. Since anybody could have registered it, the password and name given then are discarded: the owner of the address chooses a password with POST /v1/auth/forgot-password.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'verify-email', value: null, expectedVersion }),
);
