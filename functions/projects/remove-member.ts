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
    'Owners only. What the member created stays with the project, and posts they scheduled are still published. Their API keys for the project, their report and review links and the invitations they sent end at once, and are not restored if they rejoin.',
  params: z.strictObject({ projectId: id, userId: id }),
  status: 204,
  errors: ['forbidden', 'last_owner'],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, expectedVersion }) => {
  await db.change(removeMember, { ...params, expectedVersion });
  return {};
});
