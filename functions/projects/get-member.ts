import { z } from 'zod';
import { showFace } from '../../shared/avatars/show-avatar.ts';
import { id } from '../../shared/db/columns.ts';
import { getMember } from '../../shared/members/queries.ts';
import { Member } from '../../shared/members/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/members/{userId}',
  auth: 'person',
  summary: 'Get a member of a project',
  params: z.strictObject({ projectId: id, userId: id }),
  status: 200,
  response: Member,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ db, params }) => showFace(await db.one(getMember, params)));
