import { z } from 'zod';
import { popularPosts } from '../../shared/community/finding-queries.ts';
import { FoundPost } from '../../shared/community/shapes.ts';
import { showFound } from '../../shared/community/show-post.ts';
import { pageOf, pageQuery, readPlace, toPageBy } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Rank = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

export const handler = endpoint({
  method: 'GET',
  path: '/v1/community/popular',
  auth: 'optional',
  scope: 'community:read',
  summary: 'List popular posts of the last seven days, best first',
  description:
    'Public posts ranked by engagement, which counts less each day; at most 1,000, ranked again every hour. If that happens while you page, a post may appear twice.',
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(FoundPost).meta({ id: 'PopularPostPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'], bucket: ['read'] },
})(async ({ query: { cursor, limit }, db }) => {
  const rows = await db.many(popularPosts, { afterRank: readPlace('popular-posts', cursor, Rank), limit });
  const { data, nextCursor } = toPageBy('popular-posts', rows, { limit, place: ({ rank }) => String(rank) });
  return { data: await Promise.all(data.map(({ rank: _, ...row }) => showFound(row))), nextCursor };
});
