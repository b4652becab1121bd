import { checkPost } from '../../shared/posts/check-post.ts';
import { PostInput, Validation } from '../../shared/posts/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/posts/validate',
  auth: 'user',
  scope: 'posts:read',
  summary: 'Check a post against every account without creating it',
  description: 'Takes the same body as creating a post, and returns all violations for every account at once.',
  body: PostInput,
  status: 200,
  response: Validation,
  errors: ['not_found', 'forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => {
  const { report } = await checkPost(db, body);
  return report;
});
