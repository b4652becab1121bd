import { endpoint } from '../../../../../functions/_kit/endpoint.ts';
import { fail } from '../../../../../shared/errors.ts';

export const handler = endpoint({
  method: '$default',
  path: '$default',
  auth: 'public',
  summary: 'Answers what no other route does.',
  status: 200,
  errors: ['no_such_route'],
  uses: {},
})(async () => fail('no_such_route'));
