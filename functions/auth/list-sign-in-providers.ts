import { z } from 'zod';
import { listSignInProviders } from '../../shared/identities/queries.ts';
import { SignInProvider } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/providers',
  auth: 'public',
  summary: 'List the available sign-in providers',
  description: 'Providers that users can sign in with besides a password, sorted by label.',
  status: 200,
  response: z.object({ data: z.array(SignInProvider) }),
  errors: [],
  uses: { database: 'api' },
})(async ({ db }) => ({ data: await db.many(listSignInProviders, {}) }));
