import { endpoint } from '../_kit/endpoint.ts';
import document from './openapi.json' with { type: 'json' };

export const handler = endpoint({
  method: 'GET',
  path: '/openapi.json',
  auth: 'public',
  summary: 'Get the OpenAPI document',
  status: 200,
  content: 'application/json',
  cached: true,
  errors: [],
  uses: {},
  throttle: { ratePerS: 100, burst: 200 },
})(async () => ({ body: JSON.stringify(document), headers: { 'cache-control': 'public, max-age=300' } }));
