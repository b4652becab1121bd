import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { removeProject } from '../../shared/projects/delete-project.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/projects/{projectId}',
  auth: 'person',
  stepUp: true,
  summary: 'Delete a project',
  description: 'Owners only, and only when no publication is still waiting: cancel those first.',
  params: z.strictObject({ projectId: id }),
  status: 204,
  ifMatch: true,
  errors: ['forbidden', 'in_use'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) => {
  await removeProject(db, { id: params.projectId, expectedVersion });
  return {};
});
