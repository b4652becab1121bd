import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { givenHashtag } from '../../shared/hashtags/shapes.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { listPosts, listPostsByHashtag, listPostsDue, searchPosts } from '../../shared/posts/list-queries.ts';
import { Post, PostStatus } from '../../shared/posts/shapes.ts';
import { searchWords } from '../../shared/text/search.ts';
import { givenInstant } from '../../shared/time/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Page = pageOf(Post).meta({ id: 'PostPage' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/posts',
  auth: 'user',
  scope: 'posts:read',
  summary: 'List or search posts',
  description: 'Newest first; with `q`, best match first, among the newest thousand matches of each project.',
  query: z
    .strictObject({
      ...pageQuery,
      projectId: id.optional().describe('Default: all your projects.'),
      accountId: id.optional(),
      createdBy: id.optional(),
      status: PostStatus.optional().describe('With `order=due`, the default is `scheduled`.'),
      externalId: z.string().min(1).max(255).optional(),
      updatedSince: givenInstant.optional(),
      hashtag: givenHashtag.optional(),
      q: searchWords.optional(),
      order: z
        .enum(['newest', 'due'])
        .default('newest')
        .describe('`due`: only posts due in the future, soonest first. Cannot be combined with `q`.'),
    })
    .refine(({ q, order }) => q === undefined || order === 'newest', {
      path: ['order'],
      message: 'cannot be combined with q',
    }),
  status: 200,
  response: Page,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ query, db }) => {
  const { q, hashtag, order } = query;
  const list = q !== undefined ? 'posts-search' : order === 'due' ? 'posts-due' : 'posts';
  const filters = {
    projectId: query.projectId ?? null,
    accountId: query.accountId ?? null,
    createdBy: query.createdBy ?? null,
    status: query.status ?? (order === 'due' ? 'scheduled' : null),
    externalId: query.externalId ?? null,
    updatedSince: query.updatedSince ?? null,
    before: readCursor(list, query.cursor),
    limit: query.limit,
  };
  const read = () => {
    if (q !== undefined) return db.many(searchPosts, { ...filters, words: q, hashtag: hashtag ?? null });
    if (order === 'due') return db.many(listPostsDue, { ...filters, hashtag: hashtag ?? null });
    return hashtag === undefined ? db.many(listPosts, filters) : db.many(listPostsByHashtag, { ...filters, hashtag });
  };
  const rows = await read();
  return Page.parse(toPage(list, rows, query.limit, rows[0]?.cut));
});
