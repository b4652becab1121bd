import { z } from 'zod';
import { presignUpload } from '../../shared/aws/objects.ts';
import { insertMedia } from '../../shared/media/queries.ts';
import { Media, Upload, UploadRequest } from '../../shared/media/shapes.ts';
import { projectOr } from '../../shared/projects/named-project.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/media',
  auth: 'user',
  scope: 'media:write',
  rate: 'upload',
  summary: 'Request an upload',
  description:
    'Returns an upload form for one file. After the upload the media file is `processing`, then `ready`, or `failed` with the reason. The type is taken from its content, not its name.',
  body: UploadRequest,
  status: 201,
  location: '/v1/media/{media.id}',
  response: z.object({ media: Media, upload: Upload }).meta({ id: 'UploadGranted' }),
  errors: ['not_found', 'forbidden', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['presign-upload'] },
})(async ({ body, db }) => {
  const row = await db.change(insertMedia, { ...body, projectId: projectOr(db, body.projectId, '/body/projectId') });
  const upload = Upload.pick({ expiresAt: true })
    .extend({ key: z.string(), seconds: z.number() })
    .parse({ key: row.uploadKey, expiresAt: row.uploadExpiresAt, seconds: row.uploadS });
  const media = Media.parse(row);
  const form = await presignUpload(upload.key, media.declaredMimeType, media.declaredBytes, upload.seconds);
  return { media, upload: { ...form, expiresAt: upload.expiresAt } };
});
