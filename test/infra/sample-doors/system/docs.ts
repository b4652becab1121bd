import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: 'GET',
  path: '/docs',
  auth: 'page',
  summary: 'The reference.',
  status: 200,
  content: 'text/html',
  errors: [],
  assets: { 'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css' },
  uses: {},
  throttle: { ratePerS: 10, burst: 20 },
});
