import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { cancelPost } from '../../shared/posts/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/posts/{postId}/cancel',
  auth: 'user',
  scope: 'posts:write',
  summary: 'Cancel every publication of a post that has not started',
  params: z.strictObject({ postId: id }),
  status: 200,
  response: z
    .object({ id: z.uuid(), cancelled: z.int().describe('Publications that will not be published.') })
    .meta({ id: 'Cancellation' }),
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params, db }) => {
  const { cancelled } = await db.change(cancelPost, params);
  return { id: params.postId, cancelled };
});
