import { MyProfile, ProfilePatch } from '../../shared/me/shapes.ts';
import { showMe } from '../../shared/me/show-me.ts';
import { updateProfile } from '../../shared/me/update-profile.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/me',
  auth: 'person',
  ifMatch: true,
  summary: 'Change your profile',
  description:
    'User names are unique regardless of case and look-alike letters. Your address and password have routes of their own.',
  body: ProfilePatch,
  status: 200,
  response: MyProfile,
  errors: ['username_taken'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read'] },
})(async ({ body, db, expectedVersion }) => showMe(await updateProfile(db, body, expectedVersion)));
