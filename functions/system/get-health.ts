import { z } from 'zod';
import about from '../../package.json' with { type: 'json' };
import { pingDatabase } from '../../shared/db/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/health',
  auth: 'public',
  summary: 'Check the health of the service',
  description: 'Checks the database too, and answers 503 within three seconds when it is unavailable.',
  status: 200,
  response: z
    .object({ status: z.literal('ok'), database: z.literal('ok'), version: z.string() })
    .meta({ id: 'Health' }),
  errors: [],
  uses: { database: 'api' },
})(async ({ db }) => {
  await db.one(pingDatabase, {});
  return { status: 'ok', database: 'ok', version: about.version };
});
