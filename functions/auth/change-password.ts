import { z } from 'zod';
import { commonPasswordsAsset } from '../../shared/auth/common-passwords.ts';
import { givenPassword, newPassword } from '../../shared/auth/shapes.ts';
import { changeOwnPassword } from '../../shared/users/new-password.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/change-password',
  auth: 'person',
  rate: 'login',
  summary: 'Change your password',
  description:
    'Ends your other sessions; this one continues. A login started with the old password ends, and so does a pending change of your address. If you have no password yet, or have forgotten it, ask for a link with POST /v1/auth/forgot-password.',
  body: z.strictObject({ currentPassword: givenPassword, newPassword }),
  status: 204,
  errors: ['wrong_password', 'password_too_common'],
  secretBody: true,
  assets: commonPasswordsAsset,
  memory: 1024,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => {
  await changeOwnPassword(db, body);
  return {};
});
