import { z } from 'zod';
import { listNewestByAuthor } from '../../shared/content/queries.ts';
import { NumberedContent } from '../../shared/content/shapes.ts';
import { projectOr } from '../../shared/projects/named-project.ts';
import { givenProject } from '../../shared/projects/shapes.ts';
import { plainInteger } from '../../shared/text/plain-values.ts';
import { givenInstant } from '../../shared/time/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Newest = z.object({ data: z.array(NumberedContent) }).meta({ id: 'NewestByAuthor' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/content/newest-by-author',
  auth: 'user',
  scope: 'content:read',
  summary: 'List each user’s newest content of a project, numbered',
  query: z.strictObject({
    projectId: givenProject,
    since: givenInstant.optional().describe('Default: the last 30 days.'),
    each: plainInteger({ min: 1, max: 20 }).default(3).describe('How many items of each user.'),
  }),
  status: 200,
  response: Newest,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ query, db }) =>
  Newest.parse({
    data: await db.many(listNewestByAuthor, {
      projectId: projectOr(db, query.projectId, '/query/projectId'),
      since: query.since ?? null,
      each: query.each,
    }),
  }),
);
