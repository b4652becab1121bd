import { z } from 'zod';
import { PlatformApp, PlatformSettings, platformName } from '../../shared/admin/platform-shapes.ts';
import { setApp } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PUT',
  path: '/v1/admin/platforms/{platform}/app',
  auth: 'person',
  stepUp: true,
  summary: 'Set the app registered with a platform',
  description:
    'Takes effect without a deployment: at once if there was none, within five minutes if it replaces another.',
  params: z.strictObject({ platform: platformName }),
  body: PlatformApp,
  status: 200,
  response: PlatformSettings,
  ifMatch: true,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], rotates: ['platformApps'] },
})(async ({ body, db, expectedVersion, params }) => setApp(db, params.platform, body, expectedVersion));
