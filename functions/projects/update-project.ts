import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { json } from '../../shared/db/parameters.ts';
import { updateProject } from '../../shared/projects/queries.ts';
import { Project, projectDescription, projectName } from '../../shared/projects/shapes.ts';
import { timeZone } from '../../shared/time/zone.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/projects/{projectId}',
  auth: 'user',
  scope: 'projects:write',
  summary: 'Change a project',
  description: 'Changes only the fields you send; a `description` of null removes it. Owners only.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({ name: projectName, description: projectDescription.nullable(), timeZone }).partial(),
  ifMatch: true,
  status: 200,
  response: Project,
  errors: ['forbidden', 'name_taken'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion, params }) =>
  db.change(updateProject, { id: params.projectId, patch: json(body), expectedVersion }),
);
