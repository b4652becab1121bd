import { z } from 'zod';
import { findCommunityPost } from '../../shared/community/reader-queries.ts';
import { CommunityPost } from '../../shared/community/shapes.ts';
import { showPost } from '../../shared/community/show-post.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/community/posts/{communityPostId}',
  auth: 'optional',
  scope: 'community:read',
  summary: 'Get a community post',
  description: 'Public and unlisted posts need no token.',
  params: z.strictObject({ communityPostId: id }),
  status: 200,
  response: CommunityPost,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ params, db }) => showPost(await db.one(findCommunityPost, params)));
