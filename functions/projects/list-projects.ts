import { z } from 'zod';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { listProjects } from '../../shared/projects/queries.ts';
import { Project } from '../../shared/projects/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects',
  auth: 'user',
  scope: 'projects:read',
  summary: 'List your projects',
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(Project),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query: { cursor, limit } }) => {
  const rows = await db.many(listProjects, { before: readCursor('projects', cursor), limit });
  return toPage('projects', rows, limit);
});
