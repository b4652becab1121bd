import { exportQuery, readPart, toLines } from '../../shared/audit/export.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/audit/export.ndjson',
  auth: 'person',
  summary: 'Export the audit log as JSON lines',
  description:
    'At most 2,000 rows, newest first; if there are more, `Link` with rel="next" leads to the next part. Personal values stay hidden. Each export is recorded in the log.',
  query: exportQuery,
  status: 200,
  content: 'application/x-ndjson',
  fields: ['content-disposition', 'link'],
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, query, request }) => {
  const { entries, headers } = await readPart(db, query, request.path);
  return {
    body: toLines(entries),
    headers: { ...headers, 'content-disposition': 'attachment; filename="audit.ndjson"' },
  };
});
