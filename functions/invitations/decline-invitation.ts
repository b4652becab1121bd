import { z } from 'zod';
import { hashToken } from '../../shared/auth/tokens.ts';
import { declineInvitation } from '../../shared/invitations/queries.ts';
import { InvitationToken } from '../../shared/invitations/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/invitations/decline',
  auth: 'public',
  rate: 'login',
  summary: 'Decline an invitation',
  description: 'Takes the token from the mail. Works without an account.',
  body: z.strictObject({ token: InvitationToken }),
  status: 200,
  response: z.object({ status: z.literal('declined') }),
  errors: ['invalid_token'],
  uses: { database: 'api' },
})(async ({ body, db }) => {
  await db.change(declineInvitation, { tokenHash: hashToken(body.token) });
  return { status: 'declined' };
});
