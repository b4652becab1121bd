import { z } from 'zod';
import { revealAudit } from '../../shared/audit/queries.ts';
import { Revealed } from '../../shared/audit/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/audit/reveal',
  auth: 'person',
  stepUp: true,
  summary: 'Reveal personal values in the audit log',
  description:
    'For rows you may read; others are left out. Each access is recorded in the log. IP addresses are shown to administrators only.',
  body: z.strictObject({ ids: z.array(id).min(1).max(200) }),
  status: 200,
  response: z.object({ data: z.array(Revealed) }).meta({ id: 'RevealedList' }),
  errors: [],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db }) => ({ data: await db.many(revealAudit, body) }));
