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
  summary: 'Require a user to choose a new password',
  description:
    'The old password stops working, all sessions end, and a mail brings a single-use link that is valid for 24 hours. Only its recipient sees the link.',
  params: z.strictObject({ userId: id }),
  status: 202,
  response: z.object({ status: z.literal('mailed') }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ db, params }) => {
  await demandNewPassword(db, params.userId);
  return { status: 'mailed' };
});
