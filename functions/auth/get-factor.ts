import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { getFactor } from '../../shared/mfa/queries.ts';
import { Factor } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/auth/factors/{factorId}',
  auth: 'person',
  summary: 'Get one of your authenticator apps',
  params: z.strictObject({ factorId: id }),
  status: 200,
  response: Factor,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.one(getFactor, params));
