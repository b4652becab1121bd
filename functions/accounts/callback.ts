import { z } from 'zod';
import { callbackPage, callbackSheet } from '../../shared/accounts/callback-page.ts';
import { finishSignIn } from '../../shared/accounts/finish-oauth.ts';
import { platformHttp } from '../../shared/platforms/http.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/accounts/callback',
  auth: 'page',
  summary: 'Receive the browser back from a platform',
  description: 'Works once per sign-in, within ten minutes of its start.',
  // Not strict: platforms add fields of their own, `iss` and `error_reason` among them.
  query: z.object({
    state: z.string().min(1).max(200),
    code: z.string().min(1).max(4096).optional(),
    error: z.string().max(1000).optional().describe('Set if the user or the platform refused.'),
  }),
  once: true,
  status: 200,
  content: HTML,
  errors: [
    'invalid_state',
    'forbidden',
    'platform_disabled',
    'account_elsewhere',
    'quota_exceeded',
    'sign_in_refused',
    'platform_rejected',
    'platform_unavailable',
  ],
  uses: { database: 'api', secrets: ['tokenKeys', 'platformApps'] },
})(async ({ query, db }) => {
  const code = query.error === undefined ? (query.code ?? null) : null;
  const { title, body } = callbackPage(await finishSignIn({ db, http: platformHttp() }, { state: query.state, code }));
  return htmlPage({ title, body: body.markup, style: callbackSheet });
});
