import { z } from 'zod';
import { likePost } from '../../shared/community/reader-queries.ts';
import { Like } from '../../shared/community/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PUT',
  path: '/v1/community/posts/{communityPostId}/like',
  auth: 'user',
  scope: 'community:write',
  summary: 'Like a community post',
  description: 'Liking it again changes nothing.',
  params: z.strictObject({ communityPostId: id }),
  status: 200,
  response: Like,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  const { likeCount } = await db.change(likePost, params);
  return Like.parse({ liked: true, likeCount });
});
