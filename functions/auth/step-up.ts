import { z } from 'zod';
import { givenPassword } from '../../shared/auth/shapes.ts';
import { instant } from '../../shared/db/columns.ts';
import { finishFields } from '../../shared/identities/shapes.ts';
import { oneProof } from '../../shared/mfa/one-proof.ts';
import { code, recoveryCode } from '../../shared/mfa/shapes.ts';
import { proveAnew } from '../../shared/mfa/step-up.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/step-up',
  auth: 'person',
  summary: 'Confirm that it is still you',
  description:
    'For ten minutes the session may do what is otherwise refused with `step_up_needed`. Send a code if you have a second factor, otherwise your password; if you have neither, sign in at a provider again.',
  body: z
    .strictObject({
      password: givenPassword,
      code,
      recoveryCode,
      signIn: z
        .strictObject(finishFields)
        .describe('Completes what was started at a provider with the purpose `step_up`.'),
    })
    .partial()
    .describe('Send exactly one of these.'),
  status: 200,
  response: z.object({ elevatedUntil: instant }),
  errors: ['wrong_password', 'wrong_code', 'second_factor_needed', 'invalid_token', 'sign_in_refused'],
  secretBody: true,
  rate: 'login',
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db, user }) => proveAnew(db, user.id, oneProof(body)));
