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
  summary: 'Replace an API key by a new one',
  description:
    'The new key has the name, the scopes and the end of the old one, and is yours: it may what you may. The old one works for the overlap that you choose, so that no program stops meanwhile; then it is dead.',
  params: z.strictObject({ projectId: id, apiKeyId: id }),
  body: z.strictObject({
    overlapS: z.int().min(0).max(2_592_000).default(86_400).describe('Seconds in which both work, at most 30 days.'),
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
