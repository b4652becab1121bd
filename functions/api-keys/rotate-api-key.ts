import { z } from 'zod';
import { replaceApiKey } from '../../shared/api-keys/make-key.ts';
import { NewApiKey } from '../../shared/api-keys/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/projects/{projectId}/api-keys/{apiKeyId}/rotate',
  auth: 'person',
  stepUp: true,
  summary: 'Rotate an API key',
  description:
    'The new key has the same name, scopes and expiry, and belongs to you: it can do what you can do. The old one keeps working for the overlap you choose, so that no program is interrupted, and then stops.',
  params: z.strictObject({ projectId: id, apiKeyId: id }),
  body: z.strictObject({
    overlapS: z
      .int()
      .min(0)
      .max(2_592_000)
      .default(86_400)
      .describe('How long both keys work, in seconds; at most 30 days.'),
  }),
  status: 201,
  location: '/v1/projects/{projectId}/api-keys/{apiKey.id}',
  response: NewApiKey,
  ifMatch: true,
  errors: ['forbidden', 'wrong_state'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion, params }) =>
  replaceApiKey(db, params, { overlapS: body.overlapS, expectedVersion }),
);
