import { z } from 'zod';
import { listExports } from '../../shared/exports/queries.ts';
import { AccountExport } from '../../shared/exports/shapes.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me/exports',
  auth: 'person',
  summary: 'List your exports, newest first',
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(AccountExport).meta({ id: 'AccountExportPage' }),
  errors: ['invalid_cursor'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ query, db }) => {
  const rows = await db.many(listExports, { before: readCursor('exports', query.cursor), limit: query.limit });
  return toPage('exports', rows, query.limit);
});
