import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: '$default',
  path: '$default',
  auth: 'public',
  summary: 'Whatever is behind no other route.',
  status: 200,
  errors: [],
  uses: {},
  throttle: { ratePerS: 500, burst: 1000 },
});
