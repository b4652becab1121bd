import { z } from 'zod';
import { SignedIn } from '../../shared/auth/shapes.ts';
import { oneCode } from '../../shared/mfa/one-proof.ts';
import { showSecondFactor } from '../../shared/mfa/second-factor.ts';
import { code, recoveryCode } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const ticket = z.string().max(200).describe('From the login that answered `second_factor_needed`.');

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/login/second-factor',
  auth: 'public',
  summary: 'Complete a login with the second factor',
  description:
    'A ticket is valid for ten minutes, ten tries and one session; a code works once. After five wrong codes in a row, the wait before each further try doubles.',
  body: z.strictObject({ ticket, code: code.optional(), recoveryCode: recoveryCode.optional() }),
  status: 200,
  response: SignedIn,
  errors: ['invalid_token', 'wrong_code'],
  secretAnswer: true,
  rate: 'login',
  uses: { database: 'api', secrets: ['signingKeys', 'tokenKeys'] },
})(async ({ body, db, request }) => showSecondFactor(db, body.ticket, oneCode(body), request));
