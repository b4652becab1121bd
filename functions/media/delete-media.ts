import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { removeMedia } from '../../shared/media/delete-media.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/media/{mediaId}',
  auth: 'user',
  scope: 'media:write',
  summary: 'Delete a media file',
  description: 'Posts still to be published with it are listed in the `errors` of a 409: cancel those first.',
  params: z.strictObject({ mediaId: id }),
  status: 204,
  ifMatch: true,
  errors: ['forbidden', 'in_use'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db, expectedVersion }) => {
  await removeMedia(db, { ...params, expectedVersion });
  return {};
});
