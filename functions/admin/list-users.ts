import { z } from 'zod';
import { listPeople } from '../../shared/admin/list-people.ts';
import { AdminUser, Role, userSorts } from '../../shared/admin/shapes.ts';
import { pageOf, pageQuery } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/users',
  auth: 'person',
  summary: 'List people',
  description: 'For administrators; to others it is not there.',
  query: z.strictObject({
    ...pageQuery,
    search: z
      .string()
      .trim()
      .min(1)
      .max(254)
      .optional()
      .describe('Beginning of an address, user name or display name, or an id.'),
    role: Role.optional(),
    status: z
      .enum(['active', 'deactivated', 'leaving', 'locked', 'unverified'])
      .optional()
      .describe('`leaving`: asked to be deleted. `locked`: after too many failed logins. `unverified`: the address.'),
    sort: z.enum(userSorts).default('newest').describe('`email` ascends, the others descend.'),
  }),
  status: 200,
  response: pageOf(AdminUser),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query }) => listPeople(db, query));
