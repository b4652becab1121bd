import { z } from 'zod';
import { listProviders } from '../../shared/identities/administer-providers.ts';
import { IdentityProvider } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/identity-providers',
  auth: 'person',
  summary: 'List sign-in providers',
  description: 'All of them, sorted by label. Their secrets are never returned.',
  status: 200,
  response: z.object({ data: z.array(IdentityProvider) }),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => ({ data: await listProviders(db) }));
