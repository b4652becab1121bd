import { listFactors } from '../../shared/mfa/queries.ts';
import { FactorList } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/factors',
  auth: 'person',
  summary: 'List your authenticator apps',
  status: 200,
  response: FactorList,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => {
  const rows = await db.many(listFactors, {});
  return {
    data: rows.map(({ recoveryCodesLeft: _, ...factor }) => factor),
    recoveryCodesLeft: rows[0]?.recoveryCodesLeft ?? 0,
  };
});
