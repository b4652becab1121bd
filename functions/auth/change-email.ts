import { z } from 'zod';
import { email } from '../../shared/auth/shapes.ts';
import { askByMail } from '../../shared/users/ask-by-mail.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/change-email',
  auth: 'person',
  stepUp: true,
  rate: 'mail',
  summary: 'Change your e-mail address',
  description:
    'Sends the new address a single-use link that is valid for 24 hours; POST /v1/auth/verify-email takes its token. Until then the old address stays in use, and is notified. A new password cancels the change, and so does ending a session other than by logging out of it. The answer is the same if the address is taken. At most once a minute and five times a day.',
  body: z.strictObject({ email }),
  status: 202,
  response: z.object({ status: z.literal('verification_sent') }),
  errors: ['wrong_state'],
  uses: { database: 'api', mail: true, secrets: ['verificationKeys'] },
})(async ({ body, db }) => {
  await askByMail(db, body.email, 'newEmail');
  return { status: 'verification_sent' };
});
