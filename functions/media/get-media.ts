import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { findMedia } from '../../shared/media/queries.ts';
import { Media } from '../../shared/media/shapes.ts';
import { showMedia } from '../../shared/media/show-media.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/media/{mediaId}',
  auth: 'user',
  scope: 'media:read',
  summary: 'Get a media file with its renditions',
  params: z.strictObject({ mediaId: id }),
  status: 200,
  response: Media,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ params, db }) => showMedia(await db.one(findMedia, params)));
