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
    'OPTIONS of a path says which methods it takes. HEAD is a route of its own where GET needs no sign-in and may be asked again, elsewhere it is not taken.',
  status: 200,
  content: 'text/plain',
  errors: ['no_such_route', 'method_not_allowed'],
  uses: {},
  throttle: { ratePerS: 500, burst: 1000 },
})(async ({ request: { method, path } }) => {
  const methods = methodsOf(document.paths, path);
  if (methods.length === 0) {
    const bare = path.replace(/\/+$/, '');
    const near = bare !== path && methodsOf(document.paths, bare).length > 0;
    return fail('no_such_route', near ? { detail: 'There is one without the trailing slash.' } : {});
  }
  const allow = [...methods, 'OPTIONS'].sort();
  return method === 'OPTIONS' ? { headers: { allow: allow.join(', ') } } : fail('method_not_allowed', { allow });
});
