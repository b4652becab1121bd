import { z } from 'zod';
import { listUserInvitations } from '../../shared/admin/invitation-queries.ts';
import { invitationStates, UserInvitation } from '../../shared/admin/invitation-shapes.ts';
import { fail } from '../../shared/errors.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/invitations',
  auth: 'person',
  summary: 'List invitations to the installation',
  query: z.strictObject({ ...pageQuery, state: z.enum(invitationStates).optional() }),
  status: 200,
  response: pageOf(UserInvitation),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query: { cursor, limit, state = null } }) => {
  const before = readCursor('user-invitations', cursor);
  const { allowed, invitations } = await db.one(listUserInvitations, { state, before, limit });
  if (!allowed) fail('not_found');
  return toPage('user-invitations', invitations, limit);
});
