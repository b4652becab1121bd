import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { confirm } from '../../shared/mfa/enrol.ts';
import { code, recoveryCodes } from '../../shared/mfa/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/auth/factors/{factorId}/confirm',
  auth: 'person',
  summary: 'Confirm an authenticator app',
  description:
    'Send a code that it shows. From then on every login asks for one. The first app comes with ten recovery codes; for later ones `recoveryCodes` is null and the existing codes stay valid.',
  params: z.strictObject({ factorId: id }),
  body: z.strictObject({ code }),
  status: 200,
  response: z.object({ recoveryCodes: recoveryCodes.nullable() }),
  errors: ['wrong_code', 'wrong_state'],
  secretAnswer: true,
  rate: 'login',
  uses: { database: 'api', secrets: ['verificationKeys', 'tokenKeys'] },
})(async ({ body, db, params, user }) => confirm(db, user.id, { factorId: params.factorId, code: body.code }));
