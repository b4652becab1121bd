import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'endpoint',
  method: 'POST',
  path: '/v1/auth/register',
  auth: 'public',
  summary: 'Registers.',
  status: 202,
  errors: [],
  memory: 1024,
  timeout: 10,
  uses: { database: 'api', mail: true, secrets: ['signingKeys', 'tokenKeys', 'platformApps'] },
});
