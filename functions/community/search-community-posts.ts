import { z } from 'zod';
import { searchCommunityPosts } from '../../shared/community/finding-queries.ts';
import { FoundPost } from '../../shared/community/shapes.ts';
import { showFound } from '../../shared/community/show-post.ts';
import { pageOf, pageQuery, readPlace, toPageBy } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

/** Weight and id of the last post of a page. */
const Place = z
  .string()
  .regex(/^\d\.\d{6},[0-9a-f-]{36}$/)
  .transform((text) => text.split(','))
  .pipe(z.tuple([z.string(), z.uuid()]));

export const handler = endpoint({
  method: 'GET',
  path: '/v1/community/search',
  auth: 'optional',
  scope: 'community:read',
  summary: 'Search the public posts of the community',
  description:
    'Every word must match at least the start of a word in the text, a label or a hashtag. The newest 500 matches are ranked: hashtags before labels before text, then newest first.',
  query: z.strictObject({
    ...pageQuery,
    q: z.string().trim().min(2).max(200).describe('Words; only the first ten count.'),
  }),
  status: 200,
  response: pageOf(FoundPost).meta({ id: 'FoundPostPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'], bucket: ['read'] },
})(async ({ query: { q, cursor, limit }, db }) => {
  const [afterWeight, afterId] = readPlace('community-search', cursor, Place) ?? [null, null];
  const rows = await db.many(searchCommunityPosts, { words: q, afterWeight, afterId, limit });
  const place = (row: { weight: string; id: string }) => `${row.weight},${row.id}`;
  const { data, nextCursor } = toPageBy('community-search', rows, { limit, place });
  return { data: await Promise.all(data.map(({ weight: _, ...row }) => showFound(row))), nextCursor };
});
