import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { findExport } from '../../shared/exports/queries.ts';
import { AccountExport } from '../../shared/exports/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me/exports/{exportId}',
  auth: 'person',
  summary: 'Get the progress of an export',
  params: z.strictObject({ exportId: id }),
  status: 200,
  response: AccountExport,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(({ params, db }) => db.one(findExport, params));
