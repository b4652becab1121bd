import { z } from 'zod';
import { hashToken } from '../../shared/auth/tokens.ts';
import { verifyEmail } from '../../shared/users/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/verify-email',
  auth: 'public',
  summary: 'Verify an e-mail address',
  description:
    'Takes the token from the mail that followed a registration or a change of address. It is valid for 24 hours and works once.',
  body: z.strictObject({ token: z.string().max(200) }),
  status: 200,
  response: z.object({ status: z.literal('verified') }),
  errors: ['invalid_token'],
  uses: { database: 'api' },
})(async ({ body, db }) => {
  await db.change(verifyEmail, { tokenHash: hashToken(body.token) });
  return { status: 'verified' };
});
