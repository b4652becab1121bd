import { claimDueMetrics } from '../../shared/analytics/queries.ts';
import { sendSyncs } from '../../shared/analytics/send.ts';
import { schedule } from '../_kit/schedule.ts';

const BATCH = 500;
const SPARE_MS = 15_000;

export const handler = schedule({
  everyMinutes: 1,
  timeout: 55,
  memory: 512,
  summary: 'Sends what is due for a sync of its numbers',
  uses: { database: 'worker', queues: ['metrics'] },
})(async ({ db, remainingMs }) => {
  let sent = 0;
  for (;;) {
    const due = await db.many(claimDueMetrics, { limit: BATCH });
    await sendSyncs(due, 'poll');
    sent += due.length;
    if (due.length < BATCH || remainingMs() < SPARE_MS) return { sent };
  }
});
