import { z } from 'zod';
import { presignUpload } from '../../shared/aws/objects.ts';
import { instant } from '../../shared/db/columns.ts';
import { findMedia, insertMedia } from '../../shared/media/queries.ts';
import { Media, Upload, UploadRequest } from '../../shared/media/shapes.ts';
import { projectOr } from '../../shared/projects/named-project.ts';
import { endpoint } from '../_kit/endpoint.ts';

const uploadOf = z.object({ key: z.string(), expiresAt: instant });

export const handler = endpoint({
  method: 'POST',
  path: '/v1/media',
  auth: 'user',
  scope: 'media:write',
  rate: 'upload',
  summary: 'Request an upload',
  description:
    'Returns an upload form for one file. After the upload the media file is `processing`, then `ready`, or `failed` with the reason. The type is taken from its content, not its name. A repeat gets a form for the same file that expires when the first one does; 404 if the file has been deleted.',
  body: UploadRequest,
  status: 201,
  location: '/v1/media/{media.id}',
  response: z.object({ media: Media, upload: Upload }).meta({ id: 'UploadGranted' }),
  errors: ['not_found', 'forbidden', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['presign-upload'] },
})(async ({ body, db }) => {
  const row = await db.change(insertMedia, { ...body, projectId: projectOr(db, body.projectId, '/body/projectId') });
  const media = Media.parse(row);
  // The form of a file that went meanwhile would upload to nowhere.
  if (db.isRepeat()) await db.one(findMedia, { mediaId: media.id });
  const { key, expiresAt } = uploadOf.parse({ key: row.uploadKey, expiresAt: row.uploadExpiresAt });
  const { declaredMimeType: mimeType, declaredBytes: maxBytes } = media;
  return { media, upload: { ...(await presignUpload({ key, mimeType, maxBytes, expiresAt })), expiresAt } };
});
