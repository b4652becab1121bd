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
    'The key is shown only in this answer. It works for this project only, can do what you can do there within its scopes, and ends with your membership. Owners only; a project has at most 50 active keys.',
  params: z.strictObject({ projectId: id }),
  body: z.strictObject({
    name: keyName,
    scopes: keyScopes,
    expiresInDays: z.int().min(1).max(3650).nullable().default(null).describe('Null: never expires.'),
  }),
  status: 201,
  location: '/v1/projects/{projectId}/api-keys/{apiKey.id}',
  response: NewApiKey,
  errors: ['forbidden', 'limit_reached'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params }) => makeApiKey(db, { ...params, ...body }));
