import { json } from '../../shared/db/parameters.ts';
import { updatePreferences } from '../../shared/preferences/queries.ts';
import { Preferences, PreferencesPatch } from '../../shared/preferences/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/me/preferences',
  auth: 'person',
  ifMatch: true,
  summary: 'Change your preferences',
  body: PreferencesPatch,
  status: 200,
  response: Preferences,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(({ body, db, expectedVersion }) => db.change(updatePreferences, { patch: json(body), expectedVersion }));
