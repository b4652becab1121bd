import { rollUpNews } from '../../shared/analytics/roll-up.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 60,
  timeout: 300,
  memory: 512,
  summary: 'Numbers by hour, day, week and month out of the snapshots that are news',
  uses: { database: 'worker' },
})(async ({ db, remainingMs }) => rollUpNews(db, remainingMs));
