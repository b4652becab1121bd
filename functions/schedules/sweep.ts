import { revokeDisconnected } from '../../shared/accounts/revoke-accounts.ts';
import { sealRows } from '../../shared/audit/seal-rows.ts';
import { failStuckAvatars } from '../../shared/avatars/queries.ts';
import { keepCommunity } from '../../shared/community/keep-community.ts';
import { keepHashtags } from '../../shared/hashtags/keep-hashtags.ts';
import { deleteOrphans } from '../../shared/housekeeping/delete-objects.ts';
import { purgeExpired } from '../../shared/housekeeping/queries.ts';
import { sendAlerts } from '../../shared/mail/send-alerts.ts';
import { failStuckMedia, purgeDeletedMedia } from '../../shared/media/sweep-media.ts';
import { platformHttp } from '../../shared/platforms/http.ts';
import { recover } from '../../shared/publications/recover.ts';
import { keepPauses } from '../../shared/quotas/keep-pauses.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 1,
  timeout: 55,
  memory: 512,
  summary:
    'Leases that ended, messages that were lost, mails that wait, accounts and media to clear away, rows that expired, changes to seal, counters, accounts over a quota',
  uses: {
    database: 'worker',
    queues: ['publish'],
    mail: true,
    bucket: ['delete', 'delete-exports'],
    secrets: ['tokenKeys'],
  },
})(async ({ db, remainingMs }) => {
  // Publications first: nothing that is slow or broken below may hold them up.
  const publications = await recover(db, remainingMs);
  const signal = AbortSignal.timeout(Math.max(1_000, remainingMs() - 15_000));
  const rest = await Promise.allSettled([
    sendAlerts(db),
    failStuckMedia(db),
    db.one(failStuckAvatars, { limit: 100 }).then(({ avatars }) => avatars),
    deleteOrphans(db),
    purgeDeletedMedia(db),
    revokeDisconnected(db, platformHttp(), signal),
    sealRows(db),
    keepCommunity(db),
    keepHashtags(db),
    keepPauses(db),
    db.many(purgeExpired, { limit: 1_000 }).then((purged) => purged.reduce((sum, { rows }) => sum + rows, 0)),
  ]);
  const [mails, stuckMedia, stuckAvatars, purgedObjects, purgedMedia, ...others] = rest.map((part) =>
    part.status === 'fulfilled' ? part.value : null,
  );
  const [revoked, auditHead, keptRows, keptHashtags, keptPauses, purgedRows] = others;
  const broken = rest.find((part) => part.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  const media = { stuckMedia, stuckAvatars, purgedObjects, purgedMedia };
  return { ...publications, mails, ...media, revoked, auditHead, keptRows, keptHashtags, keptPauses, purgedRows };
});
