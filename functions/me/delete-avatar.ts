import { removeAvatar } from '../../shared/avatars/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/me/avatar',
  auth: 'person',
  summary: 'Remove your picture',
  status: 204,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => {
  await db.change(removeAvatar, {});
  return {};
});
