import { z } from 'zod';
import { endpoint } from '../_kit/endpoint.ts';
import { readAsset } from '../_kit/page.ts';

const assets = {
  'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
} as const;

export const handler = endpoint({
  method: 'GET',
  path: '/docs/{file}',
  auth: 'public',
  summary: 'Get a file of the API reference',
  params: z.strictObject({ file: z.enum(['swagger-ui.css', 'swagger-ui-bundle.js']) }),
  status: 200,
  content: ['text/css; charset=utf-8', 'text/javascript; charset=utf-8'],
  cached: true,
  errors: [],
  assets,
  uses: {},
  throttle: { ratePerS: 200, burst: 400 },
})(async ({ params: { file } }) => ({
  body: await readAsset(file, assets[file]),
  headers: {
    'content-type': file.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=86400',
  },
}));
