import { z } from 'zod';
import { commonPasswordsAsset } from '../../shared/auth/common-passwords.ts';
import { email, newPassword } from '../../shared/auth/shapes.ts';
import { register } from '../../shared/users/register.ts';
import { displayName } from '../../shared/users/shapes.ts';
import { username } from '../../shared/users/username.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/register',
  auth: 'public',
  rate: 'mail',
  summary: 'Register',
  description:
    'Sends a mail with a link that verifies the address. The answer is the same for known addresses, so nobody can find out who is registered. An address gets at most five such mails a day; after that, the links already sent still verify it but set no password: use POST /v1/auth/forgot-password for that. The user name is yours once the address is verified, if it is still free.',
  body: z.strictObject({
    email,
    password: newPassword,
    displayName,
    username: username.optional(),
    invitationToken: z
      .string()
      .max(200)
      .optional()
      .describe('From the invitation mail. One to a project verifies your address, and you can log in at once.'),
  }),
  status: 202,
  response: z.object({ status: z.literal('verification_sent') }),
  errors: ['password_too_common', 'username_taken', 'registration_closed', 'invitation_needed'],
  secretBody: true,
  assets: commonPasswordsAsset,
  memory: 1024,
  uses: { database: 'api', mail: true },
})(async ({ body, db }) => {
  await register(db, body);
  return { status: 'verification_sent' };
});
