import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'schedule',
  everyMinutes: 1,
  summary: 'Sends what falls due.',
  uses: { database: 'worker', queues: ['publish'] },
});
