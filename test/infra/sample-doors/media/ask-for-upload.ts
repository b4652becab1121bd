import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: 'POST',
  path: '/v1/media',
  auth: 'user',
  scope: 'posts:read',
  summary: 'Asks for an upload.',
  status: 201,
  errors: [],
  uses: { database: 'api', bucket: ['presign-upload'] },
});
