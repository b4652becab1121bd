import { z } from 'zod';
import { LoginAnswer } from '../../shared/auth/shapes.ts';
import { finishFields } from '../../shared/identities/shapes.ts';
import { FINISH_ERRORS, finish } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/sign-in',
  auth: 'public',
  rate: 'login',
  summary: 'Finish a sign-in through a provider',
  description:
    'Opens a session, or asks for the second factor as a login does. A new user is registered if registration is open, and only with an address the provider has verified. If the address is already registered here, log in as before and link the provider. The session counts as proven only if the provider says that the person signed in there within the last five minutes (`auth_time`); otherwise call POST /v1/auth/step-up first.',
  body: z.strictObject({
    ...finishFields,
    invitationToken: z.string().max(200).optional().describe('Needed if registration is by invitation only.'),
  }),
  status: 200,
  response: LoginAnswer,
  errors: [...FINISH_ERRORS],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['signingKeys'] },
})(async ({ body, db, request }) => finish(db, body, request));
