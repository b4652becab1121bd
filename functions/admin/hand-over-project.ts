import { z } from 'zod';
import { handOverProject } from '../../shared/admin/project-queries.ts';
import { formerRole, HandOver } from '../../shared/admin/project-shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/admin/projects/{projectId}/transfer',
  auth: 'person',
  stepUp: true,
  summary: 'Hand over a project without an active owner',
  description:
    'For a project that nobody can manage: every owner is deactivated, or may only read in this installation (else 409 `owner_active`: its owners transfer it themselves). The user, a member or not, becomes its owner; the former owners become editors, or the role you choose with no permissions on top, also for when they are reactivated. Not possible for a user who is deactivated, about to be deleted, may only read, or has not verified their address (409 `wrong_state`). Both sides get a mail, and the audit log of the project shows who did it.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({
    userId: id.describe('Who becomes the owner.'),
    role: formerRole.default('editor').describe('New role of the former owners.'),
  }),
  status: 200,
  response: HandOver,
  errors: ['owner_active', 'wrong_state', 'quota_exceeded'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params }) => {
  const { formerIds } = await db.change(handOverProject, { ...params, ...body });
  return { ...params, ownerId: body.userId, formerOwnerIds: formerIds, role: body.role };
});
