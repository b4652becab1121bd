import { z } from 'zod';
import { endpoint } from '../../../../../functions/_kit/endpoint.ts';
import { query } from '../../../../../shared/db/statement.ts';

const databaseTime = query({ name: 'databaseTime', kind: 'public', access: 'read', row: z.object({ at: z.string() }) })<
  Record<never, never>
>`select app.now()::text as at`;

export const handler = endpoint({
  method: 'GET',
  path: '/probe/health',
  auth: 'public',
  summary: 'Says the time of the database.',
  status: 200,
  response: z.object({ at: z.string() }),
  errors: [],
  uses: { database: 'api' },
})(({ db }) => db.one(databaseTime, {}));
