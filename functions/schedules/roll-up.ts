import { deriveNumbers } from '../../shared/analytics/roll-up.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 60,
  timeout: 300,
  memory: 512,
  summary: 'Numbers by hour, day, week and month, people’s figures per day, popular posts and niches',
  uses: { database: 'worker' },
})(({ db, remainingMs }) => deriveNumbers(db, remainingMs));
