import { getSettings } from '../../shared/admin/settings-queries.ts';
import { Settings } from '../../shared/admin/settings-shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/settings',
  auth: 'person',
  summary: 'Get the settings of the installation',
  status: 200,
  response: Settings,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => db.one(getSettings, {}));
