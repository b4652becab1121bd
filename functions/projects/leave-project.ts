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
    'What you made stays the project’s, and what you scheduled goes out. Your API keys of the project, the links to reports and reviews you made and the invitations you sent end. The last owner stays: transfer the project first, or delete it.',
  params: z.strictObject({ projectId: id }),
  status: 204,
  errors: ['last_owner'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, user }) => {
  await db.change(removeMember, { ...params, userId: user.id, expectedVersion: null });
  return {};
});
