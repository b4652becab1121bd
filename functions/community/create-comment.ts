import { z } from 'zod';
import { showFace } from '../../shared/avatars/show-avatar.ts';
import { addComment } from '../../shared/community/reader-queries.ts';
import { Comment } from '../../shared/community/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { visibleText } from '../../shared/text/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/community/posts/{communityPostId}/comments',
  auth: 'user',
  scope: 'community:write',
  summary: 'Comment on a community post',
  params: z.strictObject({ communityPostId: id }),
  body: z.strictObject({
    text: visibleText.min(1).max(2000),
    parentId: id.optional().describe('The comment that this one replies to.'),
  }),
  status: 201,
  response: z.object({ comment: Comment, commentCount: z.int() }).meta({ id: 'CommentMade' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ params: { communityPostId }, body, db }) => {
  const parentId = body.parentId ?? null;
  const row = await db.change(addComment, { communityPostId, parentId, text: body.text });
  const { userId, displayName, avatarUrl, avatarKey, commentCount, ...made } = row;
  const comment = Comment.parse({
    ...made,
    communityPostId,
    parentId,
    text: body.text,
    author: await showFace({ userId, displayName, avatarUrl, avatarKey }),
  });
  return { comment, commentCount: z.int().parse(commentCount) };
});
