import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { unlinkIdentity } from '../../shared/identities/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/auth/identities/{identityId}',
  auth: 'person',
  stepUp: true,
  summary: 'Unlink an identity',
  description:
    'Not your only way to sign in: without a password you must keep one identity at a provider that is enabled.',
  params: z.strictObject({ identityId: id }),
  status: 204,
  errors: ['last_way_in'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => {
  await db.change(unlinkIdentity, params);
  return {};
});
