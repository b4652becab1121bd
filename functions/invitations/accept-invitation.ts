import { z } from 'zod';
import { hashToken } from '../../shared/auth/tokens.ts';
import { acceptInvitation } from '../../shared/invitations/queries.ts';
import { InvitationToken, Membership } from '../../shared/invitations/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/invitations/accept',
  auth: 'person',
  summary: 'Accept an invitation',
  description:
    'Takes the token from the mail, once, from the user whose address it was sent to. A user who is already a member keeps their role.',
  body: z.strictObject({ token: InvitationToken }),
  status: 200,
  response: Membership,
  errors: ['invalid_token', 'invitation_of_another', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => db.change(acceptInvitation, { tokenHash: hashToken(body.token) }));
