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
    'Exchanges a refresh token for its successor, once. Sending the same token again within a minute returns the same successor, as long as that has not been used: this covers two tabs, or an answer lost on its way (retry without the Idempotency-Key, or with another). After that the token counts as stolen: the session ends and its user is notified. A token we never issued ends nothing.',
  body: z.strictObject({ refreshToken: z.string().max(2_000) }),
  status: 200,
  response: Tokens,
  errors: ['invalid_refresh_token'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['signingKeys'] },
})(async ({ body, db, request }) => refreshSession(db, body.refreshToken, request));
