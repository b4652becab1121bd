import { z } from 'zod';
import { Tokens } from '../../shared/auth/shapes.ts';
import { refreshSession } from '../../shared/sessions/refresh-session.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/refresh',
  auth: 'public',
  summary: 'Refresh a session',
  description:
    'Takes a refresh token once and answers its successor. The same token again within a minute gets the same successor, as long as that was not used: two tabs, or an answer that was lost on its way (ask again without the Idempotency-Key, or with another one). After that it counts as stolen: the session ends, and its person is told. What is no token of ours ends nothing.',
  body: z.strictObject({ refreshToken: z.string().max(2_000) }),
  status: 200,
  response: Tokens,
  errors: ['invalid_refresh_token'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['signingKeys'] },
})(async ({ body, db }) => refreshSession(db, body.refreshToken));
