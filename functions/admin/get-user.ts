import { z } from 'zod';
import { AdminUserDetails } from '../../shared/admin/shapes.ts';
import { lookAtUser } from '../../shared/admin/user-queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/users/{userId}',
  auth: 'person',
  summary: 'Get a user',
  description: 'Includes their open sessions, projects and identities. Each access is recorded in the audit log.',
  params: z.strictObject({ userId: id }),
  status: 200,
  response: AdminUserDetails,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.one(lookAtUser, params));
