import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'schedule',
  everyMinutes: 5,
  summary: 'Looks after leases and unsent mail.',
  uses: { database: 'worker', queues: ['publish', 'metrics', 'media'], mail: true },
});
