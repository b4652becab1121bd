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
    'Sends a link to the new address, good for 24 hours and one use; POST /v1/auth/verify-email takes its token. Until then the old address stays, and it is told. An address that somebody has is answered alike. Once a minute and five times a day at most.',
  body: z.strictObject({ email }),
  status: 202,
  response: z.object({ status: z.literal('verification_sent') }),
  errors: ['wrong_state'],
  uses: { database: 'api', mail: true, secrets: ['verificationKeys'] },
})(async ({ body, db }) => {
  await askByMail(db, body.email, 'newEmail');
  return { status: 'verification_sent' };
});
