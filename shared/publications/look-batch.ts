/** Evidence that is still missing, and commits whose outcome nobody knows: look, and settle by what is found. */
import { AppError } from '../errors.ts';
import { describeError, log } from '../log.ts';
import { connectorOf } from '../platforms/registry.ts';
import { LEASE_S, type Leased, settle, type Work, withLease } from './publish-batch.ts';
import { freshCredentials } from './refresh-token.ts';
import { makeDraft, makeSession } from './session.ts';
import { accepted, cannotTell, type Look, lookedInVain, published, type Settlement } from './settlement.ts';
import { leaseLooks } from './work-queries.ts';

export async function lookBatch(work: Work, messages: readonly { publicationId: string }[]): Promise<void> {
  const ids = [...new Set(messages.map((message) => message.publicationId))];
  const jobs = await work.db.many(leaseLooks, { ids, leaseS: LEASE_S });
  const settlements = await Promise.all(
    jobs.map(withLease).map(async (job) => {
      try {
        return await lookOne(work, job);
      } catch (error) {
        if (error instanceof AppError && error.code === 'database_unavailable') throw error;
        log('error', 'look', { publicationId: job.id, platform: job.platform, ...describeError(error) });
        return cannotTell(asLook(job), 'Something went wrong on our side.');
      }
    }),
  );
  await settle(work.db, settlements);
}

async function lookOne(work: Work, job: Leased): Promise<Settlement> {
  const connector = connectorOf(job.platform);
  const tools = {
    db: work.db,
    http: work.http,
    signal: AbortSignal.timeout(Math.max(1_000, work.remainingMs() - 5_000)),
  };
  const credentials = await freshCredentials(connector, job, tools);
  if ('kind' in credentials) return stillOpen(job, credentials.message);
  const session = makeSession(job, credentials, tools);
  const draft = makeDraft(connector, job);
  if (job.state === 'processing' && job.platformPostId !== null) {
    const result = await connector.confirm(session, draft, job.platformPostId);
    if (result.kind === 'published') return published(job, result.evidence);
    return accepted(
      job,
      job.platformPostId,
      result.kind === 'waiting' ? result.waitS : Math.min(3600, 5 * 2 ** job.looks),
    );
  }
  const result = await connector.reconcile(session, draft, job.prepared, job.commitStartedAt ?? job.dueAt);
  switch (result.kind) {
    case 'found':
      return published(job, result.evidence);
    case 'cannot-tell':
      return cannotTell(asLook(job), result.message);
    case 'absent':
      return lookedInVain(asLook(job), connector.capabilities, result.dropPrepared === true);
  }
}

function stillOpen(job: Leased, message: string): Settlement {
  return job.state === 'processing' && job.platformPostId !== null
    ? accepted(job, job.platformPostId, Math.min(3600, 5 * 2 ** job.looks))
    : cannotTell(asLook(job), message);
}

function asLook(job: Leased): Look {
  return { ...job, commitAgeS: job.commitAgeS ?? 0 };
}
