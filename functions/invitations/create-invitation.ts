import { z } from 'zod';
import { email } from '../../shared/auth/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { invite } from '../../shared/invitations/invite.ts';
import { Invitation } from '../../shared/invitations/shapes.ts';
import { permissions } from '../../shared/members/shapes.ts';
import { projectRole } from '../../shared/projects/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/invitations',
  auth: 'person',
  stepUp: { when: 'To invite as owner' },
  rate: 'mail',
  summary: 'Invite somebody to a project',
  description:
    'Sends a mail with a link that is valid for seven days. Owners only. A project has at most 100 open invitations.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({ email, role: projectRole, permissions: permissions.default([]) }),
  status: 201,
  location: '/v1/projects/{projectId}/invitations/{id}',
  response: Invitation,
  errors: ['forbidden', 'already_member', 'already_invited', 'limit_reached'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(async ({ body, db, params, user }) => invite(db, { ...params, ...body }, user.id));
