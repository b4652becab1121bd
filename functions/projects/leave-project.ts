import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { removeMember } from '../../shared/members/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/leave',
  auth: 'person',
  summary: 'Leave a project',
  description:
    'What you created stays with the project, and posts you scheduled are still published. Your API keys for the project, your report and review links and the invitations you sent end. The last owner cannot leave: transfer or delete the project first.',
  params: z.strictObject({ projectId: id }),
  status: 204,
  errors: ['last_owner'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, user }) => {
  await db.change(removeMember, { ...params, userId: user.id, expectedVersion: null });
  return {};
});
