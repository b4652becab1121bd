import { z } from 'zod';
import { showFace } from '../../shared/avatars/show-avatar.ts';
import { id } from '../../shared/db/columns.ts';
import { json } from '../../shared/db/parameters.ts';
import { changeMember } from '../../shared/members/queries.ts';
import { Member, permissions } from '../../shared/members/shapes.ts';
import { projectRole } from '../../shared/projects/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/projects/{projectId}/members/{userId}',
  auth: 'person',
  stepUp: { when: 'To make an owner, or of an owner something else' },
  summary: 'Change what a member may do',
  description:
    'Owners only, and a project must keep one owner. A user whose account is deactivated or about to be deleted cannot become an owner (409 `wrong_state`). Takes effect with the member’s next request. A former owner can no longer remove or invite members; invitations they sent that offer ownership end.',
  params: z.strictObject({ projectId: id, userId: id }),
  body: z.strictObject({ role: projectRole, permissions }).partial(),
  status: 200,
  response: Member,
  errors: ['forbidden', 'last_owner', 'wrong_state'],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ body, db, params, expectedVersion }) =>
  showFace(await db.change(changeMember, { ...params, patch: json(body), expectedVersion })),
);
