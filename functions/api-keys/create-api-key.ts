import { z } from 'zod';
import { makeApiKey } from '../../shared/api-keys/make-key.ts';
import { keyName, keyScopes, NewApiKey } from '../../shared/api-keys/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/api-keys',
  auth: 'person',
  stepUp: true,
  summary: 'Create an API key',
  description:
    'The answer shows the key, this once. It reaches this project alone, may what you may there, cut down to its scopes, and ends with your membership. Only owners may; a project has at most 50 live keys.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({
    name: keyName,
    scopes: keyScopes,
    expiresInDays: z.int().min(1).max(3650).nullable().default(null).describe('Null: it does not expire.'),
  }),
  status: 201,
  location: '/v1/projects/{projectId}/api-keys/{apiKey.id}',
  response: NewApiKey,
  errors: ['forbidden', 'limit_reached'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params }) => makeApiKey(db, { ...params, ...body }));
