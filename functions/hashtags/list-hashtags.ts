import { z } from 'zod';
import { listHashtags } from '../../shared/hashtags/queries.ts';
import { plainInteger } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Hashtag = z
  .object({
    tag: z.string(),
    uses: z.number().int().describe('How often it is used in your projects and in public community posts.'),
  })
  .meta({ id: 'Hashtag' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/hashtags',
  auth: 'user',
  scope: 'content:read',
  summary: 'Complete a hashtag',
  description: 'Hashtags that start with the given text, most used first: from your projects and from public posts.',
  query: z.strictObject({
    prefix: z.string().min(1).max(100).describe('With or without the `#`.'),
    limit: plainInteger({ min: 1, max: 50 }).default(10),
  }),
  status: 200,
  response: z.object({ data: z.array(Hashtag) }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ query, db }) => ({ data: await db.many(listHashtags, query) }));
