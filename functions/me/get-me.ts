import { fail } from '../../shared/errors.ts';
import { getMe } from '../../shared/users/queries.ts';
import { Me } from '../../shared/users/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me',
  auth: 'person',
  summary: 'Get yourself',
  status: 200,
  response: Me,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => {
  const me = await db.maybe(getMe, {});
  return me ?? fail('unauthenticated');
});
