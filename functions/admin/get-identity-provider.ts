import { z } from 'zod';
import { getIdentityProvider } from '../../shared/identities/provider-queries.ts';
import { IdentityProvider, providerName } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/identity-providers/{name}',
  auth: 'person',
  summary: 'Get a sign-in provider',
  params: z.strictObject({ name: providerName }),
  status: 200,
  response: IdentityProvider,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.change(getIdentityProvider, params));
