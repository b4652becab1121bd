import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { claimOwn } from '../../shared/publications/dispatch-queries.ts';
import { resolvePublication } from '../../shared/publications/queries.ts';
import { sendClaimed } from '../../shared/publications/send.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/publications/{publicationId}/resolve',
  auth: 'user',
  scope: 'posts:write',
  summary: 'Resolve a publication whose outcome is unknown',
  description: 'Say either that it is live at a URL, or that it is not live and should be tried again at once.',
  params: z.strictObject({ publicationId: id }),
  body: z
    .discriminatedUnion('outcome', [
      z.strictObject({
        outcome: z.literal('live'),
        url: z.url({ protocol: /^https?$/ }).max(2000),
        platformPostId: z.string().min(1).max(500).optional(),
      }),
      z.strictObject({ outcome: z.literal('not_live') }),
    ])
    .meta({ id: 'Resolution' }),
  status: 200,
  response: z.object({ id: z.uuid(), state: z.enum(['published', 'scheduled']) }).meta({ id: 'Resolved' }),
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], queues: ['publish'] },
})(async ({ params, body, db }) => {
  const live = body.outcome === 'live';
  await db.change(resolvePublication, {
    publicationId: params.publicationId,
    live,
    url: live ? body.url : null,
    platformPostId: live ? (body.platformPostId ?? null) : null,
  });
  if (!live) await sendClaimed(await db.many(claimOwn, params));
  return { id: params.publicationId, state: live ? 'published' : 'scheduled' } as const;
});
