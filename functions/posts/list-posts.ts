import { z } from 'zod';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { listPosts } from '../../shared/posts/queries.ts';
import { Post, PostStatus } from '../../shared/posts/shapes.ts';
import { givenInstant } from '../../shared/time/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Page = pageOf(Post).meta({ id: 'PostPage' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/posts',
  auth: 'user',
  summary: 'List posts, newest first',
  query: z.strictObject({
    ...pageQuery,
    projectId: z.uuid().optional().describe('Without it the list spans all your projects.'),
    accountId: z.uuid().optional(),
    status: PostStatus.optional(),
    externalId: z.string().min(1).max(255).optional(),
    updatedSince: givenInstant.optional(),
  }),
  status: 200,
  response: Page,
  errors: ['invalid_cursor'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ query, db }) => {
  const rows = await db.many(listPosts, {
    projectId: query.projectId ?? null,
    accountId: query.accountId ?? null,
    status: query.status ?? null,
    externalId: query.externalId ?? null,
    updatedSince: query.updatedSince ?? null,
    before: readCursor('posts', query.cursor),
    limit: query.limit,
  });
  return Page.parse(toPage('posts', rows, query.limit, rows[0]?.cut));
});
