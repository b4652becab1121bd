import { z } from 'zod';
import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor(
  {
    kind: 'endpoint',
    method: 'POST',
    path: '/v1/posts',
    auth: 'user',
    scope: 'posts:read',
    summary: 'Creates a post.',
    body: z.object({ text: z.string() }),
    status: 201,
    errors: [],
    uses: { database: 'api', queues: ['publish'], secrets: ['verificationKeys'] },
  },
  async (event) => z.object({ text: z.string() }).parse(event),
);
