import { z } from 'zod';
import { Verification } from '../../shared/audit/shapes.ts';
import { verifyPart } from '../../shared/audit/verify-part.ts';
import { plainInteger } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/audit/verification',
  auth: 'person',
  summary: 'Verify the audit log against its seals',
  description:
    'Administrators only. Checks 20 seals (at most 10,000 rows) per call, starting after `afterSeal`. Rows that were never sealed are found by `npm run db -- verify-audit`, which checks the whole log.',
  query: z.strictObject({
    afterSeal: plainInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0),
  }),
  status: 200,
  response: Verification,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, query }) => verifyPart(db, query.afterSeal));
