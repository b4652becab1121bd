import { z } from 'zod';
import { listContentTitles } from '../../shared/content/queries.ts';
import { ContentTitle } from '../../shared/content/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Page = pageOf(ContentTitle).meta({ id: 'ContentTitlePage' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/content/titles',
  auth: 'user',
  scope: 'content:read',
  summary: 'List the titles of a user’s content, newest first',
  query: z.strictObject({
    ...pageQuery,
    createdBy: id.optional().describe('Default: yourself. You only see content in your projects.'),
  }),
  status: 200,
  response: Page,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ query, db }) => {
  const rows = await db.many(listContentTitles, {
    userId: query.createdBy ?? null,
    before: readCursor('titles', query.cursor),
    limit: query.limit,
  });
  return toPage('titles', rows, query.limit);
});
