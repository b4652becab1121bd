import { z } from 'zod';
import { inviteUserAgain } from '../../shared/admin/invite-user.ts';
import { id, instant } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/invitations/{invitationId}/resend',
  auth: 'person',
  rate: 'mail',
  summary: 'Send an invitation into the installation again',
  description:
    'With a new link, good for 14 days again; the link before is good no more. One that expired is open again. An address is written to once a minute and five times a day at most.',
  params: z.strictObject({ invitationId: id }),
  status: 200,
  response: z.object({ status: z.literal('sent'), expiresAt: instant }),
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ db, params }) => inviteUserAgain(db, params.invitationId));
