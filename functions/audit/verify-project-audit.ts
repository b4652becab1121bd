import { z } from 'zod';
import { ProjectVerification } from '../../shared/audit/shapes.ts';
import { verifyProject } from '../../shared/audit/verify-project.ts';
import { id } from '../../shared/db/columns.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/audit-verification',
  auth: 'person',
  summary: 'Verify the audit log of a project',
  description:
    'Owners only. Checks up to 200 entries about the project per call, in the order of their ids: each must be named by a seal, with the hash that it has now, and that seal must be whole and follow the one before it. An entry is sealed about a minute after it was made. That none was removed is told by the `digest`: keep it, and ask again later with the same `afterEntry` and with its `lastEntry` as `untilEntry`. Entries in archived months are not checked here. Nothing about other projects is told.',
  params: z.strictObject({ projectId: id }),
  query: z.strictObject({
    afterEntry: id.optional().describe('Starts after this entry; from the first one by default.'),
    untilEntry: id.optional().describe('The last entry to check; as many as one call checks by default.'),
  }),
  status: 200,
  response: ProjectVerification,
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db, params, query }) => verifyProject(db, { ...params, ...query }));
