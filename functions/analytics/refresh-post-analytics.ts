import { z } from 'zod';
import { refreshAnalytics } from '../../shared/analytics/refresh-analytics.ts';
import { RefreshAccepted } from '../../shared/analytics/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/posts/{postId}/analytics/refresh',
  auth: 'user',
  scope: 'analytics:write',
  summary: 'Refresh the metrics of a post now',
  description: 'At most once every ten seconds. Without it they are fetched every minute at first, later less often.',
  params: z.strictObject({ postId: id }),
  status: 202,
  response: RefreshAccepted,
  errors: ['forbidden', 'wrong_state', 'refresh_too_soon'],
  uses: { database: 'api', secrets: ['verificationKeys'], queues: ['metrics'] },
})(async ({ params, db }) => refreshAnalytics(db, params.postId));
