import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: 'GET',
  path: '/v1/posts/{postId}',
  auth: 'user',
  scope: 'posts:read',
  summary: 'One post.',
  status: 200,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
});
