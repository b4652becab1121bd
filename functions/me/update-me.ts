import { json } from '../../shared/db/parameters.ts';
import { updateMe } from '../../shared/me/queries.ts';
import { MyProfile, ProfilePatch } from '../../shared/me/shapes.ts';
import { showMe } from '../../shared/me/show-me.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/me',
  auth: 'user',
  summary: 'Change your profile',
  description: 'A user name is unique however it is written. Your address and your password have routes of their own.',
  body: ProfilePatch,
  status: 200,
  response: MyProfile,
  errors: ['username_taken'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ body, db }) => showMe(await db.change(updateMe, { patch: json(body), expectedVersion: null })));
