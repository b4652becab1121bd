import { UsageList } from '../../shared/quotas/shapes.ts';
import { ownUsage } from '../../shared/quotas/usage.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me/usage',
  auth: 'person',
  summary: 'Get your usage and limits',
  description:
    'Across all your projects. Each project also has limits of its own: `GET /v1/projects/{projectId}/usage`.',
  status: 200,
  response: UsageList,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ db }) => ownUsage(db));
