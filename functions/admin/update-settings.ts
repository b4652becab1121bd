import { updateSettings } from '../../shared/admin/settings-queries.ts';
import { Settings, SettingsPatch } from '../../shared/admin/settings-shapes.ts';
import { json } from '../../shared/db/parameters.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/admin/settings',
  auth: 'person',
  stepUp: true,
  ifMatch: true,
  summary: 'Change the settings of the installation',
  description:
    'Changes only the fields you send, from the next request on. A limit below current use removes nothing: accounts over it are paused, newest first. If more than a hundred users and projects are over it, that takes some minutes.',
  body: SettingsPatch,
  status: 200,
  response: Settings,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion }) => db.change(updateSettings, { patch: json(body), expectedVersion }));
