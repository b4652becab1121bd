import sharp from 'sharp';
import { z } from 'zod';
import { sampleDoor } from '../../sample.ts';

export const handler = sampleDoor(
  {
    kind: 'worker',
    queue: 'media',
    batch: 1,
    maxReceives: 3,
    summary: 'Processes an upload.',
    message: z.unknown(),
    prefix: 'uploads/',
    memory: 3008,
    timeout: 300,
    native: ['sharp'],
    uses: { database: 'worker', bucket: ['read', 'write'] },
  },
  async () => {
    const image = sharp({ create: { width: 2, height: 1, channels: 3, background: 'red' } });
    return (await image.png().toBuffer({ resolveWithObject: true })).info;
  },
);
