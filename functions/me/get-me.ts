import { fail } from '../../shared/errors.ts';
import { getMe } from '../../shared/me/queries.ts';
import { MyProfile } from '../../shared/me/shapes.ts';
import { showMe } from '../../shared/me/show-me.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me',
  auth: 'person',
  summary: 'Get your profile',
  status: 200,
  response: MyProfile,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ db }) => showMe((await db.maybe(getMe, {})) ?? fail('unauthenticated')));
