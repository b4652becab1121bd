import { z } from 'zod';
import { beginAvatar, findAvatar } from '../../shared/avatars/queries.ts';
import { AvatarRequest, avatarUploadKey } from '../../shared/avatars/shapes.ts';
import { presignUpload } from '../../shared/aws/objects.ts';
import { id } from '../../shared/db/columns.ts';
import { Upload } from '../../shared/media/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/me/avatar',
  auth: 'person',
  rate: 'upload',
  summary: 'Request an upload of your picture',
  description:
    'Returns an upload form for one image. After the upload, squares cropped from its middle, without metadata, replace your picture in `GET /v1/me`; if that fails, `avatarUpload` there says so. Your previous picture stays until then. A repeat gets a form that expires when the first one does; 404 if you have asked for another one since, or removed it.',
  body: AvatarRequest,
  status: 201,
  response: z.object({ id, upload: Upload }).meta({ id: 'AvatarGranted' }),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['presign-upload'] },
})(async ({ body, db }) => {
  const { id: avatarId, uploadExpiresAt: expiresAt } = await db.change(beginAvatar, body);
  // The form of a picture that went meanwhile would upload to nowhere.
  if (db.isRepeat()) await db.one(findAvatar, { avatarId });
  const { mimeType, bytes: maxBytes } = body;
  const form = await presignUpload({ key: avatarUploadKey(avatarId), mimeType, maxBytes, expiresAt });
  return { id: avatarId, upload: { ...form, expiresAt } };
});
