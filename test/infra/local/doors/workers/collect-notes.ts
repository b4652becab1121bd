import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { worker } from '../../../../../functions/_kit/worker.ts';

/** Writes what it gets to the file that PROBE_FILE names; fails the first delivery of a note called `twice`. */
export const handler = worker({
  queue: 'metrics',
  batch: 10,
  summary: 'Collects notes.',
  timeout: 1,
  message: z.object({ note: z.string() }),
  uses: { database: 'worker' },
})(async ({ messages }) => {
  for (const { body, receives } of messages) {
    await appendFile(process.env.PROBE_FILE ?? '', `note ${body.note} ${receives}\n`);
  }
  return messages.filter(({ body, receives }) => body.note === 'twice' && receives === 1).map(({ id }) => id);
});
