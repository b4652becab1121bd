import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { getProject } from '../../shared/projects/queries.ts';
import { Project } from '../../shared/projects/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}',
  auth: 'user',
  scope: 'projects:read',
  summary: 'Get a project',
  params: z.strictObject({ projectId: id }),
  status: 200,
  response: Project,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.one(getProject, { id: params.projectId }));
