import { z } from 'zod';
import { cookieOf } from '../../shared/identities/browser-secrets.ts';
import { comeBack } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/callback',
  auth: 'page',
  rate: 'login',
  summary: 'Receive the browser back from a provider',
  description:
    'Redirects to `returnTo` with a code, or an error, in the fragment. Works once, and only in the browser that was sent to the provider.',
  // Providers add fields of their own.
  query: z.object({ state: z.string().max(500) }).catchall(z.string().max(8_000)),
  status: 302,
  fields: ['set-cookie'],
  errors: ['invalid_state'],
  uses: { database: 'api', secrets: ['tokenKeys'] },
})(async ({ db, query, request }) => {
  const location = await comeBack(db, request.cookies, new URLSearchParams(query));
  return { headers: { location, 'set-cookie': cookieOf('', 0), 'referrer-policy': 'no-referrer' } };
});
