import { askForDeletion } from '../../shared/deletions/request-deletion.ts';
import { DeletionRequest } from '../../shared/deletions/shapes.ts';
import { Deletion } from '../../shared/me/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/me/deletion',
  auth: 'person',
  stepUp: true,
  rate: 'heavy',
  summary: 'Delete your account',
  description:
    'For 14 days you can take it back; you can sign in, and what is scheduled goes out. Then you, your sessions and keys, what you wrote to others, your exports, and all projects and files that are yours alone are erased for good. Posts and files in projects with other owners stay theirs, without your name. A 409 lists in `errors` what stands in the way.',
  body: DeletionRequest,
  status: 202,
  response: Deletion,
  errors: ['deletion_blocked', 'last_admin'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(({ body, db }) => askForDeletion(db, body));
