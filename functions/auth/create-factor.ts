import { z } from 'zod';
import { enrol } from '../../shared/mfa/enrol.ts';
import { Enrolment, factorName } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/factors',
  auth: 'person',
  stepUp: true,
  summary: 'Add an authenticator app',
  description:
    'Returns the secret for the app, also as a QR code. The app counts once you have confirmed a code from it; an unconfirmed one is replaced by the next. At most ten.',
  body: z.strictObject({ name: factorName.optional() }),
  status: 201,
  location: '/v1/auth/factors/{id}',
  response: Enrolment,
  errors: ['too_many_factors'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db, user }) => enrol(db, user.id, body.name ?? null));
