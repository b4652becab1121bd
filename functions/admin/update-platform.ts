import { z } from 'zod';
import { PlatformSettings, platformName } from '../../shared/admin/platform-shapes.ts';
import { setEnabled } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'PATCH',
  path: '/v1/admin/platforms/{platform}',
  auth: 'person',
  stepUp: true,
  summary: 'Switch a platform on or off',
  description: 'While it is off, no new accounts can be connected; accounts already connected keep publishing.',
  params: z.strictObject({ platform: platformName }),
  body: z.strictObject({ enabled: z.boolean() }),
  status: 200,
  response: PlatformSettings,
  ifMatch: true,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'platformApps'] },
})(async ({ body, db, expectedVersion, params }) => setEnabled(db, params.platform, body.enabled, expectedVersion));
