import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { claimOwn } from '../../shared/publications/dispatch-queries.ts';
import { retryPublication } from '../../shared/publications/queries.ts';
import { sendClaimed } from '../../shared/publications/send.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/publications/{publicationId}/retry',
  auth: 'user',
  scope: 'posts:write',
  summary: 'Retry a failed publication now',
  params: z.strictObject({ publicationId: id }),
  status: 202,
  response: z.object({ id: z.uuid(), state: z.literal('scheduled') }).meta({ id: 'Retried' }),
  errors: ['forbidden', 'wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], queues: ['publish'] },
})(async ({ params, db }) => {
  await db.change(retryPublication, params);
  await sendClaimed(await db.many(claimOwn, params));
  return { id: params.publicationId, state: 'scheduled' } as const;
});
