import { z } from 'zod';
import { showFace } from '../../shared/avatars/show-avatar.ts';
import { id } from '../../shared/db/columns.ts';
import { fail } from '../../shared/errors.ts';
import { listMembers } from '../../shared/members/queries.ts';
import { Member, memberPlace, placeOf } from '../../shared/members/shapes.ts';
import { pageOf, pageQuery, readPlace, toPageBy } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/members',
  auth: 'person',
  summary: 'List the members of a project',
  description: 'In the order they joined. E-mail addresses are shown to owners only.',
  params: z.strictObject({ projectId: id }),
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(Member).meta({ id: 'MemberPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'], bucket: ['read'] },
})(async ({ db, params, query: { cursor, limit } }) => {
  const [joinedAfter, idAfter] = readPlace('members', cursor, memberPlace) ?? [null, null];
  const rows = await db.many(listMembers, { ...params, joinedAfter, idAfter, limit });
  if (rows.length === 0 && cursor === undefined) fail('not_found');
  const { data, nextCursor } = toPageBy('members', rows, { limit, place: placeOf });
  return { data: await Promise.all(data.map(showFace)), nextCursor };
});
