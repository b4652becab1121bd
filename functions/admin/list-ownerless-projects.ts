import { z } from 'zod';
import { listOwnerlessProjects } from '../../shared/admin/project-queries.ts';
import { OwnerlessProject } from '../../shared/admin/project-shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { fail } from '../../shared/errors.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/ownerless-projects',
  auth: 'person',
  summary: 'List projects without an active owner',
  description:
    'Projects that nobody can manage: every owner is deactivated, or may only read in this installation. Newest first. Shows nothing of what is in them. POST /v1/admin/projects/{projectId}/transfer gives one a new owner.',
  query: z.strictObject({
    ...pageQuery,
    ownerId: id.optional().describe('Only those of this owner: what a user left behind when they were deactivated.'),
  }),
  status: 200,
  response: pageOf(OwnerlessProject),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query: { cursor, limit, ownerId = null } }) => {
  const before = readCursor('ownerless-projects', cursor);
  const { allowed, projects } = await db.one(listOwnerlessProjects, { ownerId, before, limit });
  if (!allowed) fail('not_found');
  return toPage('ownerless-projects', projects, limit);
});
