import { z } from 'zod';
import { createProject } from '../../shared/projects/queries.ts';
import { Project, projectDescription, projectName } from '../../shared/projects/shapes.ts';
import { timeZone } from '../../shared/time/zone.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects',
  auth: 'person',
  summary: 'Create a project',
  description:
    'You become its owner. Your projects must have different names. Users with the role viewer cannot create one.',
  body: z.strictObject({
    name: projectName,
    description: projectDescription.nullable().default(null),
    timeZone: timeZone
      .nullable()
      .default(null)
      .describe('IANA time zone. Default: the one in your preferences, else UTC.'),
  }),
  status: 201,
  location: '/v1/projects/{id}',
  response: Project,
  errors: ['forbidden', 'name_taken', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => db.change(createProject, body));
