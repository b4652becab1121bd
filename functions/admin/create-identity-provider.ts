import { z } from 'zod';
import { createProvider } from '../../shared/identities/administer-providers.ts';
import { IdentityProvider, providerIssuer, providerName, providerSettings } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const { label, clientId, clientSecret, scopes, returnOrigins, isEnabled } = providerSettings;

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/identity-providers',
  auth: 'person',
  stepUp: true,
  summary: 'Add a sign-in provider',
  description:
    'First register this installation with the provider, using the redirect URI `<our origin>/v1/auth/callback`. The issuer cannot be changed afterwards: add another provider instead.',
  body: z.strictObject({
    name: providerName,
    issuer: providerIssuer,
    label,
    clientId,
    clientSecret,
    scopes: scopes.default(['openid', 'email', 'profile']),
    returnOrigins: returnOrigins.default([]),
    isEnabled: isEnabled.default(true),
  }),
  status: 201,
  location: '/v1/admin/identity-providers/{name}',
  response: IdentityProvider,
  errors: ['not_found', 'provider_exists', 'address_not_allowed'],
  secretBody: true,
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db }) => createProvider(db, body));
