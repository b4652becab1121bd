import { removeAvatar } from '../../shared/avatars/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/me/avatar',
  auth: 'user',
  summary: 'Remove your picture',
  status: 204,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => {
  await db.change(removeAvatar, {});
  return {};
});
