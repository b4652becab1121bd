import { z } from 'zod';
import { PlatformSettings, platformName } from '../../shared/admin/platform-shapes.ts';
import { setApp } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'DELETE',
  path: '/v1/admin/platforms/{platform}/app',
  auth: 'person',
  stepUp: true,
  summary: 'Remove the app registered with a platform',
  description:
    'Within five minutes no new accounts can be connected there, and tokens that need the app can no longer be renewed.',
  params: z.strictObject({ platform: platformName }),
  status: 200,
  response: PlatformSettings,
  ifMatch: true,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], rotates: ['platformApps'] },
})(async ({ db, expectedVersion, params }) => setApp(db, params.platform, null, expectedVersion));
