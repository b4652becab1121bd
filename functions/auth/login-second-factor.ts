import { z } from 'zod';
import { SignedIn } from '../../shared/auth/shapes.ts';
import { oneCode } from '../../shared/mfa/one-proof.ts';
import { showSecondFactor } from '../../shared/mfa/second-factor.ts';
import { code, recoveryCode } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const ticket = z.string().max(200).describe('Of the login that answered `second_factor_needed`.');

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/login/second-factor',
  auth: 'public',
  summary: 'Show the second factor of a login',
  description:
    'A ticket is good for ten minutes, ten tries and one session; a code for one use. After five wrong codes in a row each next try waits twice as long.',
  body: z.strictObject({ ticket, code: code.optional(), recoveryCode: recoveryCode.optional() }),
  status: 200,
  response: SignedIn,
  errors: ['invalid_token', 'wrong_code'],
  secretAnswer: true,
  rate: 'login',
  uses: { database: 'api', secrets: ['signingKeys', 'tokenKeys'] },
})(async ({ body, db, request }) => showSecondFactor(db, body.ticket, oneCode(body), request));
