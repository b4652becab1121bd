import { z } from 'zod';
import { email } from '../../shared/auth/shapes.ts';
import { askByMail } from '../../shared/users/ask-by-mail.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/forgot-password',
  auth: 'public',
  rate: 'mail',
  summary: 'Ask for a new password',
  description:
    'Sends a mail with a link that is good for one hour and one use, at most once a minute and five times a day; where no mail is left, the link of the last one is good for another hour. An unknown address is answered alike. Good for whoever has no password yet, too.',
  body: z.strictObject({ email }),
  status: 202,
  response: z.object({ status: z.literal('mail_sent') }),
  errors: [],
  uses: { database: 'api', mail: true },
})(async ({ body, db }) => {
  await askByMail(db, body.email, 'passwordReset');
  return { status: 'mail_sent' };
});
