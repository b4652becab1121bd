import { z } from 'zod';
import { beginAvatar } from '../../shared/avatars/queries.ts';
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
    'Returns an upload form for one image. After the upload, squares cropped from its middle, without metadata, replace your picture in `GET /v1/me`; if that fails, `avatarUpload` there says so. Your previous picture stays until then.',
  body: AvatarRequest,
  status: 201,
  response: z.object({ id, upload: Upload }).meta({ id: 'AvatarGranted' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['presign-upload'] },
})(async ({ body, db }) => {
  const { id: avatarId, uploadExpiresAt, uploadS } = await db.change(beginAvatar, body);
  const form = await presignUpload(avatarUploadKey(avatarId), body.mimeType, body.bytes, uploadS);
  return { id: avatarId, upload: { ...form, expiresAt: uploadExpiresAt } };
});
