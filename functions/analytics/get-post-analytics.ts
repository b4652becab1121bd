import { z } from 'zod';
import { readPostAnalytics } from '../../shared/analytics/queries.ts';
import { PostAnalytics } from '../../shared/analytics/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/posts/{postId}/analytics',
  auth: 'user',
  scope: 'analytics:read',
  summary: 'Get the metrics of a post',
  description: 'The latest metrics of each publication, their history and their totals.',
  params: z.strictObject({ postId: id }),
  status: 200,
  response: PostAnalytics,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => db.one(readPostAnalytics, params));
