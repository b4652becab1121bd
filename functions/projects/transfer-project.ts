import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { transferProject } from '../../shared/members/queries.ts';
import { Transfer } from '../../shared/members/shapes.ts';
import { projectRole } from '../../shared/projects/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/transfer',
  auth: 'person',
  stepUp: true,
  summary: 'Transfer the ownership of a project',
  description:
    'In one step the member becomes owner, and you an editor or the role that you ask for. Other owners stay owners. Not to somebody whose account is deactivated or about to be deleted (409 `wrong_state`). The API keys that you made stay, and may what you still may.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({
    userId: id.describe('A member of the project.'),
    role: projectRole.exclude(['owner']).default('editor').describe('What you become.'),
  }),
  status: 200,
  response: Transfer,
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params }) => {
  await db.change(transferProject, { ...params, ...body });
  return { ...params, ownerId: body.userId, role: body.role };
});
