import { purgeExpired } from '../../shared/housekeeping/queries.ts';
import { sendWaitingMails } from '../../shared/mail/send-waiting.ts';
import { recover } from '../../shared/publications/recover.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 1,
  timeout: 55,
  memory: 512,
  summary: 'Leases that ended, messages that were lost, mails that wait, rows that expired',
  uses: { database: 'worker', queues: ['publish'], mail: true },
})(async ({ db, remainingMs }) => {
  const publications = await recover(db, remainingMs);
  const mails = await sendWaitingMails(db);
  const purged = await db.one(purgeExpired, { limit: 1_000 });
  return { ...publications, mails, purged: Object.values(purged).reduce((sum, rows) => sum + rows, 0) };
});
