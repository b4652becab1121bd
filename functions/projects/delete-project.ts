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
  description: 'Only its owner may, and only when none of its publications still waits: cancel those first.',
  params: z.strictObject({ projectId: id }),
  status: 204,
  ifMatch: true,
  errors: ['forbidden', 'in_use'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) => {
  await removeProject(db, { id: params.projectId, expectedVersion });
  return {};
});
