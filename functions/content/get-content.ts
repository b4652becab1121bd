import { z } from 'zod';
import { findContent } from '../../shared/content/queries.ts';
import { Content } from '../../shared/content/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/content/{contentId}',
  auth: 'user',
  scope: 'content:read',
  summary: 'Get a piece of content and where its posts were published',
  params: z.strictObject({ contentId: id }),
  status: 200,
  response: Content,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => Content.parse(await db.one(findContent, params)));
