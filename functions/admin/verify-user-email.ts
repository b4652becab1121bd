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
  summary: 'Verify the address of a person by hand',
  description:
    'For mails that do not arrive: you vouch for the address. Whoever registered it may have been anybody, so what they said goes: its owner chooses a password by POST /v1/auth/forgot-password.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUser,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) =>
  db.change(administerUser, { ...params, action: 'verify-email', value: null, expectedVersion }),
);
