import { z } from 'zod';
import { filtersOf } from '../../shared/audit/export.ts';
import { listAudit } from '../../shared/audit/queries.ts';
import { AuditEntry, auditFilters } from '../../shared/audit/shapes.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/audit',
  auth: 'person',
  summary: 'Read the audit log',
  description: 'Owners see entries about their projects, administrators see all. Newest first.',
  query: z.strictObject({ ...pageQuery, ...auditFilters }),
  status: 200,
  response: pageOf(AuditEntry),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query }) => {
  const before = readCursor('audit', query.cursor);
  const rows = await db.many(listAudit, { ...filtersOf(query), before, limit: query.limit });
  return toPage('audit', rows, query.limit);
});
