import { z } from 'zod';
import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'worker',
  queue: 'publish',
  batch: 10,
  summary: 'Publishes.',
  message: z.unknown(),
  uses: { database: 'worker', bucket: ['read'], queues: ['publish'], secrets: ['tokenKeys', 'platformApps'] },
});
