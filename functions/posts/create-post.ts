import { json } from '../../shared/db/parameters.ts';
import { fail } from '../../shared/errors.ts';
import { checkPost, fieldErrors } from '../../shared/posts/check-post.ts';
import { insertPost } from '../../shared/posts/queries.ts';
import { Post, PostInput } from '../../shared/posts/shapes.ts';
import { claimPost } from '../../shared/publications/dispatch-queries.ts';
import { isWithinHorizon, sendClaimed } from '../../shared/publications/send.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/posts',
  auth: 'user',
  scope: 'posts:write',
  summary: 'Create a post and schedule its publications',
  description:
    'Once accepted, it will be published: the post, its publications and their schedule are one atomic write.',
  body: PostInput,
  status: 201,
  location: '/v1/posts/{id}',
  response: Post,
  errors: ['not_found', 'forbidden', 'external_id_taken', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'], queues: ['publish'] },
})(async ({ body, db }) => {
  const checked = await checkPost(db, body);
  if (!db.isRepeat() && !checked.report.valid) fail('invalid_request', { fields: fieldErrors(checked) });
  const post = await db.change(insertPost, {
    projectId: checked.projectId,
    text: body.text,
    scheduleType: body.schedule.type,
    dueAt: checked.dueAt,
    wallTime: checked.wallTime,
    timeZone: checked.timeZone,
    externalId: body.externalId ?? null,
    metadata: json(body.metadata),
    media: json(body.media),
    publications: json(body.publications),
  });
  if (isWithinHorizon(checked)) await sendClaimed(await db.many(claimPost, { postId: post.id }));
  return Post.parse(post);
});
