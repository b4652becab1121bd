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
  summary: 'Change a sign-in provider',
  description:
    'Changes only the fields you send. While it is switched off, nobody can sign in through it; existing sessions continue.',
  params: z.strictObject({ name: providerName }),
  body: z.strictObject(providerSettings).partial(),
  status: 200,
  response: IdentityProvider,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db, params, expectedVersion }) => updateProvider(db, { ...params, patch: body, expectedVersion }));
