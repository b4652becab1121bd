import { connectAccount } from '../../shared/accounts/connect-account.ts';
import { ConnectInput, Connection } from '../../shared/accounts/shapes.ts';
import { platformHttp } from '../../shared/platforms/http.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/accounts',
  auth: 'user',
  scope: 'accounts:write',
  summary: 'Connect an account',
  description:
    'Either connects at once, or answers `authorize`: open `authorizeUrl` in a browser within ten minutes. Reconnecting an account keeps its id and resumes what failed in the last week because its token no longer worked.',
  body: ConnectInput,
  status: 201,
  location: '/v1/accounts/{account.id}',
  response: Connection,
  errors: [
    'not_found',
    'forbidden',
    'address_not_allowed',
    'platform_disabled',
    'handle_taken',
    'account_elsewhere',
    'quota_exceeded',
    'sign_in_refused',
    'platform_rejected',
    'platform_unavailable',
  ],
  secretAnswer: true,
  secretBody: true,
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys', 'platformApps'] },
})(async ({ body, db }) => connectAccount({ db, http: platformHttp() }, body));
