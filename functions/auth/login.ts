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
    'Opens a session of 30 days, which ends earlier after 14 days without a refresh. Its access token is good for 15 minutes; refresh it with the refresh token. After five failures the caller waits, from half a minute up to a quarter of an hour, but not who has just chosen a new password by mail from there; known and unknown addresses are answered alike. Whoever came from another system, or has no password yet, asks for one by POST /v1/auth/forgot-password.',
  body: z.strictObject({ email, password: givenPassword }),
  status: 200,
  response: LoginAnswer,
  errors: ['invalid_credentials'],
  secretAnswer: true,
  secretBody: true,
  memory: 1024,
  uses: { database: 'api', secrets: ['signingKeys'] },
})(async ({ body, db, request }) => logIn(db, body, request));
