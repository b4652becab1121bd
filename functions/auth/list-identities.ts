import { z } from 'zod';
import { listIdentities } from '../../shared/identities/queries.ts';
import { Identity } from '../../shared/identities/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/identities',
  auth: 'person',
  summary: 'List your linked identities',
  status: 200,
  response: z.object({ data: z.array(Identity) }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => ({ data: await db.many(listIdentities, {}) }));
