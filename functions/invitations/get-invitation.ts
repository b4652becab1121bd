import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { getInvitation } from '../../shared/invitations/queries.ts';
import { Invitation } from '../../shared/invitations/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/invitations/{invitationId}',
  auth: 'person',
  summary: 'Get an invitation to a project',
  params: z.strictObject({ projectId: id, invitationId: id }),
  status: 200,
  response: Invitation,
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.change(getInvitation, params));
