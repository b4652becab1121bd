import { fail } from '../../shared/errors.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { methodsOf } from '../_kit/route-table.ts';
import document from './openapi.json' with { type: 'json' };

export const handler = endpoint({
  method: '$default',
  path: '$default',
  auth: 'public',
  summary: 'Answer what no route takes',
  description:
    'HEAD is answered where a GET route without parameters has the path: its status is known without a call.',
  status: 200,
  content: 'text/plain',
  errors: ['no_such_route', 'method_not_allowed'],
  uses: {},
})(async ({ request: { method, path } }) => {
  const { methods, exact } = methodsOf(document.paths, path);
  if (methods.length === 0) fail('no_such_route');
  if (method === 'HEAD' && exact && methods.includes('GET')) return {};
  return fail('method_not_allowed', { allow: exact && methods.includes('GET') ? ['HEAD', ...methods] : methods });
});
