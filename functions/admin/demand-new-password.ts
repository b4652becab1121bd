import { z } from 'zod';
import { demandNewPassword } from '../../shared/admin/demand-new-password.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/users/{userId}/reset-password',
  auth: 'person',
  stepUp: true,
  rate: 'mail',
  summary: 'Demand a new password of a person',
  description:
    'The old one is good no more, all sessions end, and a mail brings a link for one use, good for 24 hours. Nobody but its reader sees the link.',
  params: z.strictObject({ userId: id }),
  status: 202,
  response: z.object({ status: z.literal('mailed') }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ db, params }) => {
  await demandNewPassword(db, params.userId);
  return { status: 'mailed' };
});
