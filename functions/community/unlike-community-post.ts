import { z } from 'zod';
import { unlikePost } from '../../shared/community/reader-queries.ts';
import { Like } from '../../shared/community/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/community/posts/{communityPostId}/like',
  auth: 'user',
  scope: 'community:write',
  summary: 'Unlike a community post',
  description: 'Succeeds even if you had not liked it.',
  params: z.strictObject({ communityPostId: id }),
  status: 200,
  response: Like,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  const { likeCount } = await db.change(unlikePost, params);
  return Like.parse({ liked: false, likeCount });
});
