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
    'In one step the member becomes an owner and you become an editor, or the role you choose, without permissions beyond it. Other owners stay owners. Not possible for a user whose account is deactivated or about to be deleted (409 `wrong_state`). Your API keys stay, limited to what you can still do.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({
    userId: id.describe('A member of the project.'),
    role: projectRole.exclude(['owner']).default('editor').describe('Your new role.'),
  }),
  status: 200,
  response: Transfer,
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params }) => {
  await db.change(transferProject, { ...params, ...body });
  return { ...params, ownerId: body.userId, role: body.role };
});
