import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { findPost } from '../../shared/posts/queries.ts';
import { Post } from '../../shared/posts/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/posts/{postId}',
  auth: 'user',
  scope: 'posts:read',
  summary: 'Get a post with its publications',
  params: z.strictObject({ postId: id }),
  status: 200,
  response: Post,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => Post.parse(await db.one(findPost, params)));
