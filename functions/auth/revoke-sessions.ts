import { z } from 'zod';
import { endSessions } from '../../shared/sessions/queries.ts';
import { plainBoolean } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/auth/sessions',
  auth: 'person',
  summary: 'End all your sessions',
  description:
    'All but the current one, unless you include that too. Their access tokens are refused from the next request on. Also cancels a pending change of your address, and logins that still lack the second factor.',
  query: z.strictObject({
    keepCurrent: plainBoolean.default(true).describe('`false` also ends the current session.'),
  }),
  status: 204,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, query: { keepCurrent } }) => {
  await db.one(endSessions, { keepCurrent, because: 'revoked' });
  return {};
});
