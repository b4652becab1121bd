import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { removeFactor } from '../../shared/mfa/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/auth/factors/{factorId}',
  auth: 'person',
  stepUp: true,
  summary: 'Remove an authenticator app',
  description: 'Removing the last one also removes the recovery codes: from then on only the password is required.',
  params: z.strictObject({ factorId: id }),
  status: 204,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) => {
  await db.change(removeFactor, { factorId: params.factorId, expectedVersion });
  return {};
});
