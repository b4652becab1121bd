import { z } from 'zod';
import { removeIdentityProvider } from '../../shared/identities/provider-queries.ts';
import { providerName } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/admin/identity-providers/{name}',
  auth: 'person',
  stepUp: true,
  summary: 'Remove a sign-in provider',
  description: 'Not possible while a user is linked to an identity there: switch it off instead.',
  params: z.strictObject({ name: providerName }),
  status: 204,
  ifMatch: true,
  errors: ['in_use'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, expectedVersion, params }) => {
  await db.change(removeIdentityProvider, { ...params, expectedVersion });
  return {};
});
