import { z } from 'zod';
import { narrowApiKey } from '../../shared/api-keys/make-key.ts';
import { ApiKey, keyName, keyScopes } from '../../shared/api-keys/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/projects/{projectId}/api-keys/{apiKeyId}',
  auth: 'person',
  summary: 'Rename an API key, or remove scopes from it',
  description:
    'Scopes cannot be added, so that a key already handed out never gains rights. Create a new key for that.',
  params: z.strictObject({ projectId: id, apiKeyId: id }),
  body: z.strictObject({ name: keyName, scopes: keyScopes }).partial(),
  status: 200,
  response: ApiKey,
  errors: ['forbidden', 'wrong_state'],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, params, expectedVersion }) => narrowApiKey(db, params, body, expectedVersion));
