import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { revokeReportLink } from '../../shared/reports/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/report-links/{reportLinkId}',
  auth: 'user',
  scope: 'analytics:write',
  summary: 'Revoke a report link',
  params: z.strictObject({ reportLinkId: id }),
  status: 204,
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  await db.change(revokeReportLink, params);
  return {};
});
