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
  summary: 'Ask for an upload of your picture',
  description:
    'Answers a form for one image. Once it was sent, squares are cut out of its middle, without any metadata, and take the place of your picture in `GET /v1/me`; `avatarUpload` there says when it failed. The picture before stays until then.',
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
