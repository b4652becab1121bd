import { z } from 'zod';
import { renewRecoveryCodes } from '../../shared/mfa/enrol.ts';
import { recoveryCodes } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/recovery-codes',
  auth: 'person',
  stepUp: true,
  summary: 'Generate new recovery codes',
  description:
    'Ten new codes, which replace the remaining ones. Without an authenticator app the answer is `wrong_state`.',
  status: 201,
  response: z.object({ recoveryCodes }),
  errors: ['wrong_state'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, user }) => renewRecoveryCodes(db, user.id));
