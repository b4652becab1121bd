import { z } from 'zod';
import { listPeople } from '../../shared/admin/list-people.ts';
import { AdminUser, Role, userSorts } from '../../shared/admin/shapes.ts';
import { pageOf, pageQuery } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/users',
  auth: 'person',
  summary: 'List users',
  description: 'Administrators only; anybody else gets a 404.',
  query: z.strictObject({
    ...pageQuery,
    search: z
      .string()
      .trim()
      .min(1)
      .max(254)
      .optional()
      .describe('An id, or the beginning of an address, user name or display name.'),
    role: Role.optional(),
    status: z
      .enum(['active', 'deactivated', 'leaving', 'locked', 'unverified'])
      .optional()
      .describe(
        '`leaving`: deletion requested. `locked`: after too many failed logins. `unverified`: e-mail address not verified.',
      ),
    sort: z.enum(userSorts).default('newest').describe('`email` sorts ascending, the others descending.'),
  }),
  status: 200,
  response: pageOf(AdminUser),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query }) => listPeople(db, query));
