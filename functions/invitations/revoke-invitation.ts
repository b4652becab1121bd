import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { revokeInvitation } from '../../shared/invitations/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/projects/{projectId}/invitations/{invitationId}',
  auth: 'person',
  summary: 'Revoke an invitation to a project',
  description: 'Its link stops working. An invitation that was accepted or declined stays as it is.',
  params: z.strictObject({ projectId: id, invitationId: id }),
  status: 204,
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => {
  await db.change(revokeInvitation, params);
  return {};
});
