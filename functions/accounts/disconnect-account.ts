import { z } from 'zod';
import { disconnect } from '../../shared/accounts/disconnect-account.ts';
import { id } from '../../shared/db/columns.ts';
import { plainBoolean } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/accounts/{accountId}',
  auth: 'user',
  scope: 'accounts:write',
  summary: 'Disconnect an account',
  description:
    'Publications still waiting for it are listed in the `errors` of a 409, unless `cancelWaiting=true` cancels them. Those being published, or whose outcome is unknown, must finish first. The tokens are revoked at the platform and deleted.',
  params: z.strictObject({ accountId: id }),
  query: z.strictObject({
    cancelWaiting: plainBoolean
      .default(false)
      .describe('Also cancels its publications that are drafts, scheduled, queued or failed.'),
  }),
  status: 204,
  ifMatch: true,
  errors: ['forbidden', 'in_use'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, query, db, expectedVersion }) => {
  await disconnect(db, { accountId: params.accountId, cancelWaiting: query.cancelWaiting, expectedVersion });
  return {};
});
