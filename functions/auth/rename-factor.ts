import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { renameFactor } from '../../shared/mfa/queries.ts';
import { Factor, factorName } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/auth/factors/{factorId}',
  auth: 'person',
  summary: 'Rename an authenticator app',
  params: z.strictObject({ factorId: id }),
  body: z.strictObject({ name: factorName }),
  status: 200,
  response: Factor,
  errors: [],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params, expectedVersion }) =>
  db.change(renameFactor, { factorId: params.factorId, name: body.name, expectedVersion }),
);
