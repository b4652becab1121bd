import { maintain } from '../../shared/housekeeping/maintain.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 60,
  timeout: 300,
  memory: 512,
  summary: 'Partitions of the months ahead, rows kept long enough, and how statements and tables do',
  uses: { database: 'worker' },
})(async ({ db, remainingMs }) => maintain(db, remainingMs));
