import { z } from 'zod';
import { showFace } from '../../shared/avatars/show-avatar.ts';
import { listComments } from '../../shared/community/reader-queries.ts';
import { Comment } from '../../shared/community/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/community/posts/{communityPostId}/comments',
  auth: 'optional',
  scope: 'community:read',
  summary: 'List the comments of a community post, newest first',
  params: z.strictObject({ communityPostId: id }),
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(Comment).meta({ id: 'CommentPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'], bucket: ['read'] },
})(async ({ params, query: { cursor, limit }, db }) => {
  const { comments } = await db.one(listComments, { ...params, before: readCursor('comments', cursor), limit });
  const { data, nextCursor } = toPage('comments', comments, limit);
  const shown = data.map(async ({ author, ...comment }) => ({ ...comment, author: await showFace(author) }));
  return { data: await Promise.all(shown), nextCursor };
});
