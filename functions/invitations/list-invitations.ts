import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { listInvitations } from '../../shared/invitations/queries.ts';
import { Invitation, invitationState } from '../../shared/invitations/shapes.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/invitations',
  auth: 'person',
  summary: 'List the invitations to a project, newest first',
  description: 'Owners only. With `state`, only those in that state.',
  params: z.strictObject({ projectId: id }),
  query: z.strictObject({ ...pageQuery, state: invitationState.optional() }),
  status: 200,
  response: pageOf(Invitation).meta({ id: 'InvitationPage' }),
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, params, query: { cursor, limit, state = null } }) => {
  const before = readCursor('invitations', cursor);
  const { invitations } = await db.change(listInvitations, { ...params, state, before, limit });
  return toPage('invitations', invitations, limit);
});
