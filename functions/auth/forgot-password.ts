import { z } from 'zod';
import { email } from '../../shared/auth/shapes.ts';
import { askByMail } from '../../shared/users/ask-by-mail.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/forgot-password',
  auth: 'public',
  rate: 'mail',
  summary: 'Request a password reset',
  description:
    'Sends a mail with a single-use link that is valid for one hour, at most once a minute and five times a day; after the fifth, the last link is valid for another hour instead. The answer is the same for unknown addresses. Also for users who have no password yet.',
  body: z.strictObject({ email }),
  status: 202,
  response: z.object({ status: z.literal('mail_sent') }),
  errors: [],
  uses: { database: 'api', mail: true },
})(async ({ body, db }) => {
  await askByMail(db, body.email, 'passwordReset');
  return { status: 'mail_sent' };
});
