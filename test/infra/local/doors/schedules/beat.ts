import { appendFile } from 'node:fs/promises';
import { schedule } from '../../../../../functions/_kit/schedule.ts';

export const handler = schedule({ everyMinutes: 1, summary: 'Beats.', uses: {} })(async () => {
  await appendFile(process.env.PROBE_FILE ?? '', 'beat\n');
  return { beats: 1 };
});
