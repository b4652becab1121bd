/** What a platform must process first: uploads and containers, ahead of the due instant. The state does not change. */
import { json } from '../db/parameters.ts';
import { describeError, log } from '../log.ts';
import { whyUnpublishable } from '../media/why-unpublishable.ts';
import { connectorOf } from '../platforms/registry.ts';
import { withLimits } from '../platforms/with-limits.ts';
import { prepare } from './prepare.ts';
import { LEASE_S, type Work } from './publish-batch.ts';
import { freshCredentials } from './refresh-token.ts';
import { sendWakes } from './send.ts';
import { makeDraft, makeSession } from './session.ts';
import { leasePreparations, type Preparation, storePrepared } from './work-queries.ts';

interface Stored {
  readonly id: string;
  readonly revision: number;
  readonly prepared: unknown;
  readonly ready: boolean;
  readonly waitS: number;
  readonly expiresInS: number | null;
}

export async function prepareBatch(work: Work, messages: readonly { publicationId: string }[]): Promise<void> {
  const ids = [...new Set(messages.map((message) => message.publicationId))];
  const jobs = await work.db.many(leasePreparations, { ids, leaseS: LEASE_S });
  const results = await Promise.all(
    jobs.map((job) => prepareOne(work, job).catch((error: unknown) => given(job, error))),
  );
  const stored = results.filter((result) => result !== null);
  if (stored.length === 0) return;
  const rows = await work.db.many(storePrepared, { results: json(stored) });
  const kept = new Set(rows.map((row) => row.id));
  await sendWakes(
    jobs.flatMap((job) => {
      const result = stored.find((candidate) => candidate.id === job.id);
      if (result === undefined || result.ready || !kept.has(job.id)) return [];
      return [
        {
          message: { kind: 'prepare', publicationId: job.id },
          projectId: job.projectId,
          delayS: Math.ceil(result.waitS),
        },
      ];
    }),
  );
}

/** Null: nothing to keep. A failure here is no verdict: the attempt at the due second says what is wrong. */
async function prepareOne(work: Work, job: Preparation): Promise<Stored | null> {
  const connector = withLimits(connectorOf(job.platform), job.account.limits);
  const ready =
    job.media.length > 0 && job.media.every((medium) => medium.status === 'ready' && whyUnpublishable(medium) === null);
  if (!ready || job.account.status !== 'connected' || connector.capabilities.publishing.prepareAheadS === 0)
    return null;
  const tools = {
    db: work.db,
    http: work.http,
    signal: AbortSignal.timeout(Math.max(1_000, work.remainingMs() - 5_000)),
  };
  const credentials = await freshCredentials(connector, job, tools);
  if ('kind' in credentials) return null;
  const result = await prepare(
    connector,
    makeSession(job, credentials, tools),
    makeDraft(connector, job),
    job.prepared,
  );
  const kept = { id: job.id, revision: job.revision };
  switch (result.kind) {
    case 'failed':
      log('warn', 'prepare', { publicationId: job.id, platform: job.platform, class: result.class, code: result.code });
      return null;
    case 'ready':
      return { ...kept, prepared: result.prepared, ready: true, waitS: 0, expiresInS: result.expiresInS };
    case 'waiting':
      return { ...kept, prepared: result.prepared, ready: false, waitS: result.waitS, expiresInS: result.expiresInS };
  }
}

function given(job: Preparation, error: unknown): null {
  log('error', 'prepare', { publicationId: job.id, platform: job.platform, ...describeError(error) });
  return null;
}
