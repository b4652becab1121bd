import { eraseDue } from '../../shared/deletions/erase-due.ts';
import { keepExports } from '../../shared/exports/keep-exports.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 5,
  timeout: 240,
  memory: 512,
  summary: 'Exports that lost their worker or had their time, and accounts whose grace time is over',
  uses: { database: 'worker', queues: ['export'], mail: true },
})(async ({ db }) => {
  const exports = await keepExports(db);
  return { ...exports, ...(await eraseDue(db)) };
});
