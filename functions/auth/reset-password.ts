import { z } from 'zod';
import { commonPasswordsAsset } from '../../shared/auth/common-passwords.ts';
import { newPassword } from '../../shared/auth/shapes.ts';
import { resetForgotten } from '../../shared/users/new-password.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/reset-password',
  auth: 'public',
  rate: 'login',
  summary: 'Choose a new password with the link from a mail',
  description:
    'Ends all sessions and invalidates all such links. Does not open a session: log in with the new password, and with the second factor if there is one.',
  body: z.strictObject({ token: z.string().max(200), newPassword }),
  status: 200,
  response: z.object({ status: z.literal('password_changed') }),
  errors: ['invalid_token', 'password_too_common'],
  secretBody: true,
  assets: commonPasswordsAsset,
  memory: 1024,
  uses: { database: 'api' },
})(async ({ body, db }) => {
  await resetForgotten(db, body.token, body.newPassword);
  return { status: 'password_changed' };
});
