import { z } from 'zod';
import { PlatformSettings, platformName } from '../../shared/admin/platform-shapes.ts';
import { getPlatformSettings } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/platforms/{platform}',
  auth: 'person',
  summary: 'Get a platform and the app registered with it',
  description:
    'The secret is never returned. Each access is recorded in the audit log. The `ETag` covers both the platform and its app.',
  params: z.strictObject({ platform: platformName }),
  status: 200,
  response: PlatformSettings,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'platformApps'] },
})(async ({ db, params }) => getPlatformSettings(db, params.platform));
