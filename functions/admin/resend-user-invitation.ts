import { z } from 'zod';
import { inviteUserAgain } from '../../shared/admin/invite-user.ts';
import { id, instant } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/invitations/{invitationId}/resend',
  auth: 'person',
  rate: 'mail',
  summary: 'Resend an invitation to the installation',
  description:
    'Sends a new link, valid for another 14 days; the previous one stops working. An expired invitation becomes open again. An address gets at most one mail a minute and five a day.',
  params: z.strictObject({ invitationId: id }),
  status: 200,
  response: z.object({ status: z.literal('sent'), expiresAt: instant }),
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ db, params }) => inviteUserAgain(db, params.invitationId));
