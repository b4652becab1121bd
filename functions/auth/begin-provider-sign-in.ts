import { z } from 'zod';
import { BeginSignIn, Begun, providerName } from '../../shared/identities/shapes.ts';
import { begin } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/providers/{provider}/sign-in',
  auth: 'public',
  rate: 'login',
  summary: 'Start a sign-in through a provider',
  description:
    'Open `url` in the browser within ten minutes. The browser goes to the provider and returns to `returnTo` with a code; finish with `POST /v1/auth/sign-in`.',
  params: z.strictObject({ provider: providerName }),
  body: BeginSignIn,
  status: 201,
  response: Begun,
  errors: ['return_not_allowed'],
  secretAnswer: true,
  uses: { database: 'api' },
})(async ({ body, db, params }) => begin(db, { ...params, ...body }, 'sign_in'));
