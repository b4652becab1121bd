import { endpoint } from '../_kit/endpoint.ts';
import { readAsset } from '../_kit/page.ts';

/** A file beside the function, since nobody else asks for it: what is imported is read at every cold start. */
const FILE = '../system/openapi.json';

let document: Promise<string> | undefined;

export const handler = endpoint({
  method: 'GET',
  path: '/openapi.json',
  auth: 'public',
  summary: 'Get the OpenAPI document',
  status: 200,
  content: 'application/json',
  cached: true,
  errors: [],
  assets: { 'openapi.json': FILE },
  uses: {},
  throttle: { ratePerS: 100, burst: 200 },
})(async () => {
  document ??= readAsset('openapi.json', FILE).then((text) => JSON.stringify(JSON.parse(text)));
  return { body: await document, headers: { 'cache-control': 'public, max-age=300' } };
});
