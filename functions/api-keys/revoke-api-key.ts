import { z } from 'zod';
import { revokeApiKey } from '../../shared/api-keys/queries.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/projects/{projectId}/api-keys/{apiKeyId}',
  auth: 'person',
  summary: 'Revoke an API key',
  description: 'It is permanently refused from the next request on.',
  params: z.strictObject({ projectId: id, apiKeyId: id }),
  status: 204,
  errors: ['forbidden'],
  ifMatch: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, expectedVersion }) => {
  await db.change(revokeApiKey, { ...params, expectedVersion });
  return {};
});
