import { z } from 'zod';
import { email, givenPassword, LoginAnswer } from '../../shared/auth/shapes.ts';
import { logIn } from '../../shared/sessions/open-session.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/login',
  auth: 'public',
  rate: 'login',
  summary: 'Log in',
  description:
    'Opens a session of 30 days, which ends earlier after 14 days without a refresh. Its access token is valid for 15 minutes; get the next one with the refresh token. After five failures the caller has to wait, from 30 seconds up to 15 minutes, unless a password was just reset from there by mail. Known and unknown addresses get the same answer. Users imported from another system, or without a password, choose one with POST /v1/auth/forgot-password.',
  body: z.strictObject({ email, password: givenPassword }),
  status: 200,
  response: LoginAnswer,
  errors: ['invalid_credentials'],
  secretAnswer: true,
  secretBody: true,
  memory: 1024,
  uses: { database: 'api', secrets: ['signingKeys'] },
})(async ({ body, db, request }) => logIn(db, body, request));
