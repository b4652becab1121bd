import { revokeDisconnected } from '../../shared/accounts/revoke-accounts.ts';
import { sealRows } from '../../shared/audit/seal-rows.ts';
import { keepCommunity } from '../../shared/community/keep-community.ts';
import { keepHashtags } from '../../shared/hashtags/keep-hashtags.ts';
import { purgeExpired } from '../../shared/housekeeping/queries.ts';
import { sendWaitingMails } from '../../shared/mail/send-waiting.ts';
import { failStuckMedia, purgeDeletedMedia } from '../../shared/media/sweep-media.ts';
import { platformHttp } from '../../shared/platforms/http.ts';
import { recover } from '../../shared/publications/recover.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 1,
  timeout: 55,
  memory: 512,
  summary:
    'Leases that ended, messages that were lost, mails that wait, accounts and media to clear away, rows that expired, changes to seal, counters',
  uses: {
    database: 'worker',
    queues: ['publish'],
    mail: true,
    bucket: ['delete'],
    secrets: ['tokenKeys'],
  },
})(async ({ db, remainingMs }) => {
  // Publications first: nothing that is slow or broken below may hold them up.
  const publications = await recover(db, remainingMs);
  const signal = AbortSignal.timeout(Math.max(1_000, remainingMs() - 15_000));
  const rest = await Promise.allSettled([
    sendWaitingMails(db),
    failStuckMedia(db),
    purgeDeletedMedia(db),
    revokeDisconnected(db, platformHttp(), signal),
    sealRows(db),
    keepCommunity(db),
    keepHashtags(db),
    db.one(purgeExpired, { limit: 1_000 }).then((purged) => Object.values(purged).reduce((sum, rows) => sum + rows, 0)),
  ]);
  const [mails, stuckMedia, purgedMedia, revoked, auditHead, keptRows, keptHashtags, purgedRows] = rest.map((part) =>
    part.status === 'fulfilled' ? part.value : null,
  );
  const broken = rest.find((part) => part.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return { ...publications, mails, stuckMedia, purgedMedia, revoked, auditHead, keptRows, keptHashtags, purgedRows };
});
