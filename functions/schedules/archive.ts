import { archivePartitions } from '../../shared/archive/archive-partitions.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 1_440,
  timeout: 900,
  memory: 1_024,
  summary: 'Writes months past their time to the archive, reads them back and drops them',
  uses: { database: 'worker', archive: true },
})(async ({ db, remainingMs }) => ({ ...(await archivePartitions(db, remainingMs)) }));
