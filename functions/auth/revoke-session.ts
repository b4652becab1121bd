import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { endSession } from '../../shared/sessions/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/auth/sessions/{sessionId}',
  auth: 'person',
  summary: 'End one of your sessions',
  description:
    'Its access token is refused from the next request on. Also cancels a pending change of your address, unless it is the current session.',
  params: z.strictObject({ sessionId: id }),
  status: 204,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => {
  await db.change(endSession, { sessionId: params.sessionId, because: 'revoked' });
  return {};
});
