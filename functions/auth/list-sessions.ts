import { z } from 'zod';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { listSessions } from '../../shared/sessions/queries.ts';
import { Session } from '../../shared/sessions/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/sessions',
  auth: 'person',
  summary: 'List your sessions',
  description:
    'Each with where it was opened and where it was used last. A refresh from another device or network changes only the latter; where it is not yours, revoke the session.',
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(Session),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, query: { cursor, limit } }) => {
  const rows = await db.many(listSessions, { before: readCursor('sessions', cursor), limit });
  return toPage('sessions', rows, limit);
});
