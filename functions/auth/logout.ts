import { endSession } from '../../shared/sessions/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/logout',
  auth: 'person',
  summary: 'Log out',
  description: 'Ends the session at once: its access token is refused from the next request on.',
  status: 204,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, user }) => {
  await db.change(endSession, { sessionId: user.sessionId, because: 'logged out' });
  return {};
});
