import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: 'DELETE',
  path: '/v1/media/{mediaId}',
  auth: 'user',
  scope: 'posts:read',
  summary: 'Deletes a medium.',
  status: 204,
  errors: [],
  uses: { database: 'api', bucket: ['read', 'delete'] },
});
