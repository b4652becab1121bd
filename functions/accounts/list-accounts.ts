import { z } from 'zod';
import { listAccounts } from '../../shared/accounts/queries.ts';
import { Account, AccountStatus } from '../../shared/accounts/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { PlatformName } from '../../shared/posts/shapes.ts';
import { plainBoolean } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/accounts',
  auth: 'user',
  scope: 'accounts:read',
  summary: 'List accounts, newest first',
  query: z.strictObject({
    ...pageQuery,
    projectId: id.optional().describe('Default: all your projects.'),
    platform: PlatformName.optional(),
    status: AccountStatus.optional().describe('Default: all except the disconnected ones.'),
    paused: plainBoolean.optional().describe('`true`: only accounts paused by a quota; `false`: only the others.'),
  }),
  status: 200,
  response: pageOf(Account).meta({ id: 'AccountPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ query, db }) => {
  const rows = await db.many(listAccounts, {
    projectId: query.projectId ?? null,
    platform: query.platform ?? null,
    status: query.status ?? null,
    paused: query.paused ?? null,
    before: readCursor('accounts', query.cursor),
    limit: query.limit,
  });
  return toPage('accounts', rows, query.limit);
});
