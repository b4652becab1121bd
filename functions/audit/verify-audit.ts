import { z } from 'zod';
import { Verification } from '../../shared/audit/shapes.ts';
import { verifyPart } from '../../shared/audit/verify-part.ts';
import { plainInteger } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/audit/verification',
  auth: 'person',
  summary: 'Check whether the log is as it was sealed',
  description:
    'For administrators. 20 seals (at most 10,000 rows) a call, from `afterSeal` on. Rows that nobody sealed are found by `npm run db -- verify-audit`, which sees the whole.',
  query: z.strictObject({
    afterSeal: plainInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0),
  }),
  status: 200,
  response: Verification,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, query }) => verifyPart(db, query.afterSeal));
