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
    'The fields that are given change, and hold from the next request on. A limit below what somebody uses takes nothing away.',
  body: SettingsPatch,
  status: 200,
  response: Settings,
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ body, db, expectedVersion }) => db.change(updateSettings, { patch: json(body), expectedVersion }));
