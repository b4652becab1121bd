import { exportQuery, readPart, toCsv } from '../../shared/audit/export.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/audit/export.csv',
  auth: 'person',
  summary: 'Export the audit log as CSV',
  description:
    'At most 2,000 rows, newest first; if there are more, `Link` with rel="next" leads to the next part. Personal values stay hidden. Each export is recorded in the log.',
  query: exportQuery,
  status: 200,
  content: 'text/csv; charset=utf-8',
  fields: ['content-disposition', 'link'],
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, query, request }) => {
  const { entries, headers } = await readPart(db, query, request.path);
  return {
    body: toCsv(entries),
    headers: { ...headers, 'content-disposition': 'attachment; filename="audit.csv"' },
  };
});
