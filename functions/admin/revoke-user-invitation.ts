import { z } from 'zod';
import { revokeUserInvitation } from '../../shared/admin/invitation-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/admin/invitations/{invitationId}',
  auth: 'person',
  summary: 'Revoke an invitation to the installation',
  description: 'Its link stops working.',
  params: z.strictObject({ invitationId: id }),
  status: 204,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => {
  await db.change(revokeUserInvitation, params);
  return {};
});
