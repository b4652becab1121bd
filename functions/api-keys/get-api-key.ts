import { z } from 'zod';
import { getApiKey } from '../../shared/api-keys/queries.ts';
import { ApiKey } from '../../shared/api-keys/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/api-keys/{apiKeyId}',
  auth: 'person',
  summary: 'Get an API key',
  description: 'The key itself is never returned.',
  params: z.strictObject({ projectId: id, apiKeyId: id }),
  status: 200,
  response: ApiKey,
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params }) => db.change(getApiKey, params));
