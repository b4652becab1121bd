import { z } from 'zod';
import { email } from '../../shared/auth/shapes.ts';
import { askByMail } from '../../shared/users/ask-by-mail.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/resend-verification',
  auth: 'public',
  rate: 'mail',
  summary: 'Resend the verification mail',
  description:
    'At most once a minute and five times a day per address. The answer is the same for unknown and verified addresses; the mail tells which it is.',
  body: z.strictObject({ email }),
  status: 202,
  response: z.object({ status: z.literal('mail_sent') }),
  errors: [],
  uses: { database: 'api', mail: true },
})(async ({ body, db }) => {
  await askByMail(db, body.email, 'verification');
  return { status: 'mail_sent' };
});
