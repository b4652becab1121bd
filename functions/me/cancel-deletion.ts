import { cancelDeletion } from '../../shared/deletions/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/me/deletion',
  auth: 'person',
  summary: 'Cancel the deletion of your account',
  description: 'Posts that were cancelled stay cancelled.',
  status: 204,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => {
  await db.change(cancelDeletion, {});
  return {};
});
