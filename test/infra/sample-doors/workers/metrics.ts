import { z } from 'zod';
import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor({
  kind: 'worker',
  queue: 'metrics',
  batch: 50,
  window: 2,
  summary: 'Fetches numbers.',
  message: z.unknown(),
  uses: { database: 'worker', secrets: ['tokenKeys'] },
});
