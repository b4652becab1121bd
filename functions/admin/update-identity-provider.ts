import { z } from 'zod';
import { updateProvider } from '../../shared/identities/administer-providers.ts';
import { IdentityProvider, providerName, providerSettings } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/admin/identity-providers/{name}',
  auth: 'person',
  stepUp: true,
  ifMatch: true,
  summary: 'Change a provider of sign-in',
  description: 'Changes the fields that are given. Switched off, nobody signs in by it; who is signed in stays so.',
  params: z.strictObject({ name: providerName }),
  body: z.strictObject(providerSettings).partial(),
  status: 200,
  response: IdentityProvider,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db, params, expectedVersion }) => updateProvider(db, { ...params, patch: body, expectedVersion }));
