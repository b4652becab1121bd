import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { worker } from '../../../../../functions/_kit/worker.ts';

const created = z.object({ Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })) });
const testEvent = z.object({ Event: z.literal('s3:TestEvent') });

export const handler = worker({
  queue: 'media',
  batch: 1,
  prefix: 'uploads/',
  summary: 'Collects the names of uploads.',
  message: z.union([created, testEvent]),
  uses: { bucket: ['read'] },
})(async ({ messages }) => {
  for (const { body } of messages) {
    const line = 'Event' in body ? 'test event' : `upload ${body.Records[0]?.s3.object.key}`;
    await appendFile(process.env.PROBE_FILE ?? '', `${line}\n`);
  }
  return [];
});
