import { z } from 'zod';
import { PlatformSettings, platformName } from '../../shared/admin/platform-shapes.ts';
import { getPlatformSettings } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/platforms/{platform}',
  auth: 'person',
  summary: 'Get a platform and our app there',
  description:
    'Never its secret. That somebody looked is noted in the log. The `ETag` is for its switch and for the app.',
  params: z.strictObject({ platform: platformName }),
  status: 200,
  response: PlatformSettings,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'platformApps'] },
})(async ({ db, params }) => getPlatformSettings(db, params.platform));
