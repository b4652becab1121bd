import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { listReportLinks } from '../../shared/reports/queries.ts';
import { ListedReportLink } from '../../shared/reports/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/report-links',
  auth: 'user',
  scope: 'analytics:read',
  summary: 'List report links, newest first',
  description: 'Who created them and whether they still work. The links themselves are shown only once, when created.',
  query: z.strictObject({
    ...pageQuery,
    projectId: id.optional().describe('Default: all your projects.'),
    postId: id.optional(),
  }),
  status: 200,
  response: pageOf(ListedReportLink).meta({ id: 'ReportLinkPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query: { cursor, limit, projectId = null, postId = null } }) => {
  const before = readCursor('report-links', cursor);
  return toPage('report-links', await db.many(listReportLinks, { projectId, postId, before, limit }), limit);
});
