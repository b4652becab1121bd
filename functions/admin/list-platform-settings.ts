import { z } from 'zod';
import { PlatformSettings } from '../../shared/admin/platform-shapes.ts';
import { listPlatformSettings } from '../../shared/admin/platforms.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/admin/platforms',
  auth: 'person',
  summary: 'List platforms and the apps registered with them',
  description: 'Secrets are never returned. Each access is recorded in the audit log.',
  status: 200,
  response: z.object({ data: z.array(PlatformSettings) }),
  errors: ['not_found'],
  uses: { database: 'api', secrets: ['verificationKeys', 'platformApps'] },
})(async ({ db }) => ({ data: await listPlatformSettings(db) }));
