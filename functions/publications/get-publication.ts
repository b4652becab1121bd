import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { findPublication } from '../../shared/publications/queries.ts';
import { Publication } from '../../shared/publications/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/publications/{publicationId}',
  auth: 'user',
  scope: 'posts:read',
  summary: 'Get a publication with its attempts',
  params: z.strictObject({ publicationId: id }),
  status: 200,
  response: Publication,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => Publication.parse(await db.one(findPublication, params)));
