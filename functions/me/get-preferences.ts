import { getPreferences } from '../../shared/preferences/queries.ts';
import { Preferences } from '../../shared/preferences/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me/preferences',
  auth: 'person',
  summary: 'Get your preferences',
  status: 200,
  response: Preferences,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(({ db }) => db.one(getPreferences, {}));
