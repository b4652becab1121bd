import { z } from 'zod';
import { mailToken } from '../../shared/auth/shapes.ts';
import { cookieOf } from '../../shared/identities/browser-secrets.ts';
import { goToProvider } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/sign-in/{token}',
  auth: 'page',
  rate: 'login',
  summary: 'Redirect the browser to the provider',
  description: 'This is the `url` of a sign-in that was started. Sets a cookie that ties the sign-in to this browser.',
  params: z.strictObject({ token: mailToken }),
  status: 302,
  fields: ['set-cookie'],
  errors: ['invalid_state', 'provider_unavailable'],
  uses: { database: 'api' },
})(async ({ db, params }) => {
  const { url, browserToken } = await goToProvider(db, params.token);
  return { headers: { location: url, 'set-cookie': cookieOf(browserToken), 'referrer-policy': 'no-referrer' } };
});
