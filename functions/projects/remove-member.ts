import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { removeMember } from '../../shared/members/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/projects/{projectId}/members/{userId}',
  auth: 'person',
  stepUp: { when: 'To remove another owner' },
  summary: 'Remove a member from a project',
  description:
    'Only owners may. What the member made stays the project’s, and what they scheduled goes out. Their API keys of the project, the links to reports and reviews they made and the invitations they sent end at once, and do not come back with them.',
  params: z.strictObject({ projectId: id, userId: id }),
  status: 204,
  errors: ['forbidden', 'last_owner'],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, expectedVersion }) => {
  await db.change(removeMember, { ...params, expectedVersion });
  return {};
});
