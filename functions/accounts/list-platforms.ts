import { z } from 'zod';
import { listPlatforms } from '../../shared/accounts/queries.ts';
import { describePlatforms, Platform } from '../../shared/platforms/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/platforms',
  auth: 'public',
  summary: 'List the platforms and what they accept',
  description: 'Limits and features as data, the same that posts are validated against.',
  status: 200,
  response: z.object({ data: z.array(Platform) }),
  errors: [],
  uses: { database: 'api' },
})(async ({ db }) => ({ data: describePlatforms(await db.many(listPlatforms, {})) }));
