import { z } from 'zod';
import { linkIdentity } from '../../shared/identities/queries.ts';
import { finishFields, Identity } from '../../shared/identities/shapes.ts';
import { hashesOf } from '../../shared/identities/sign-in.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/identities',
  auth: 'person',
  stepUp: true,
  summary: 'Link an identity',
  description: 'Completes what was started with the purpose `link`. From then on you can sign in with it.',
  body: z.strictObject(finishFields),
  status: 201,
  response: Identity,
  errors: ['invalid_token', 'identity_taken'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => db.change(linkIdentity, hashesOf(body)));
