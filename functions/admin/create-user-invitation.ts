import { z } from 'zod';
import { UserInvitation } from '../../shared/admin/invitation-shapes.ts';
import { inviteUser } from '../../shared/admin/invite-user.ts';
import { Role } from '../../shared/admin/shapes.ts';
import { email } from '../../shared/auth/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/invitations',
  auth: 'person',
  stepUp: true,
  rate: 'mail',
  summary: 'Invite somebody to the installation',
  description:
    'Sends a mail with a registration link that is valid for 14 days. They get the role once their address is verified, however they register. Not possible while registration is closed.',
  body: z.strictObject({ email, role: Role.default('user') }),
  status: 201,
  response: UserInvitation,
  errors: ['not_found', 'wrong_state', 'already_registered', 'already_invited'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ body, db, user }) => inviteUser(db, body, user.id));
