import { z } from 'zod';
import { getAccount } from '../../shared/accounts/queries.ts';
import { Account } from '../../shared/accounts/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/accounts/{accountId}',
  auth: 'user',
  scope: 'accounts:read',
  summary: 'Get an account',
  params: z.strictObject({ accountId: id }),
  status: 200,
  response: Account,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => db.one(getAccount, params));
