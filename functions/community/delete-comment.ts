import { z } from 'zod';
import { deleteComment } from '../../shared/community/reader-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/community/comments/{commentId}',
  auth: 'user',
  scope: 'community:write',
  summary: 'Delete your comment',
  params: z.strictObject({ commentId: id }),
  status: 204,
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  await db.change(deleteComment, params);
  return {};
});
