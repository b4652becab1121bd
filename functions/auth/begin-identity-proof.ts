import { z } from 'zod';
import { BeginSignIn, Begun, providerName } from '../../shared/identities/shapes.ts';
import { begin } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/providers/{provider}/proofs',
  auth: 'person',
  rate: 'login',
  summary: 'Start linking a provider, or confirming your identity with one',
  description:
    'Like a sign-in, for users who are already signed in. Finish `link` with `POST /v1/auth/identities`, and `step_up` with `POST /v1/auth/step-up`.',
  params: z.strictObject({ provider: providerName }),
  body: BeginSignIn.extend({ purpose: z.enum(['link', 'step_up']) }),
  status: 201,
  response: Begun,
  errors: ['return_not_allowed'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body: { purpose, ...body }, db, params }) => begin(db, { ...params, ...body }, purpose));
