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
    'You can cancel it for 14 days; until then you can still sign in, and scheduled posts are published. After that your profile, sessions, keys, comments and exports, and all projects and files that are yours alone, are erased permanently. Posts and files in projects with other owners stay there, without your name. The `errors` of a 409 list what prevents the deletion.',
  body: DeletionRequest,
  status: 202,
  response: Deletion,
  errors: ['deletion_blocked', 'last_admin'],
  uses: { database: 'api', secrets: ['verificationKeys'], mail: true },
})(({ body, db }) => askForDeletion(db, body));
