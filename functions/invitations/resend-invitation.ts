import { z } from 'zod';
import { id, instant } from '../../shared/db/columns.ts';
import { inviteAgain } from '../../shared/invitations/invite.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/invitations/{invitationId}/resend',
  auth: 'person',
  rate: 'mail',
  summary: 'Resend an invitation',
  description:
    'Sends a new link, valid for another seven days; the previous one stops working. Possible one minute after the first mail, four after the second, and so on, up to a day.',
  params: z.strictObject({ projectId: id, invitationId: id }),
  status: 200,
  response: z.object({ status: z.literal('sent'), expiresAt: instant }),
  errors: ['forbidden', 'wrong_state', 'already_member', 'too_many_requests'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ db, params }) => inviteAgain(db, params));
