import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { deleteExport } from '../../shared/exports/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/me/exports/{exportId}',
  auth: 'person',
  summary: 'Delete an export',
  description: 'An export in progress is cancelled.',
  params: z.strictObject({ exportId: id }),
  status: 204,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  await db.change(deleteExport, params);
  return {};
});
