/** Lease → prepare → guard → commit → confirm → settle. The row is the truth; the message was only a wake-up. */
import { randomUUID } from 'node:crypto';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { AppError } from '../errors.ts';
import { describeError, log } from '../log.ts';
import { whyUnpublishable } from '../media/why-unpublishable.ts';
import type { Connector, Draft, Failure, Prepared, Session } from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { connectorOf } from '../platforms/registry.ts';
import { validateDraft } from '../platforms/validate.ts';
import { withLimits } from '../platforms/with-limits.ts';
import { claimAgain, HORIZON_S } from './dispatch-queries.ts';
import { createGuard, type Guarded } from './guard.ts';
import { prepare } from './prepare.ts';
import { freshCredentials } from './refresh-token.ts';
import { sendClaimed, sendWakes, type Wake } from './send.ts';
import { makeDraft, makeSession } from './session.ts';
import { accepted, notBegun, notPublished, outcomeUnknown, published, type Settlement, waiting } from './settlement.ts';
import { type Job, leasePublications, settlePublications } from './work-queries.ts';

/** Longer than a worker may live: a lease that has ended belongs to nobody. */
export const LEASE_S = 75;

const MAX_DELAY_S = 900;
const SPARE_S = 3; // between the end of the commit call and the end of the lease

export interface Work {
  readonly db: Db;
  readonly http: PlatformHttp;
  remainingMs(): number;
}

export type Leased = Job & { readonly leaseToken: string };

export async function publishBatch(
  work: Work,
  messages: readonly { publicationId: string; generation: number }[],
): Promise<void> {
  const asked = messages.map(({ publicationId, generation }) => ({
    id: publicationId,
    generation,
    leaseToken: randomUUID(),
  }));
  const rows = await work.db.many(leasePublications, { messages: json(asked), leaseS: LEASE_S });
  const requeued = rows.filter((row) => row.outcome === 'requeued');
  const jobs = rows.flatMap((row) => (row.job === null ? [] : [withLease(row.job)]));
  const guard = createGuard(work.db);
  const again = sendClaimed(
    requeued.map(({ id, projectId, generation, delayS }) => ({ id, projectId, generation, delayS, prepare: false })),
  );
  const lanes = [...byAccount(jobs).values()].map(async (lane) => {
    const settlements: Settlement[] = [];
    for (const job of lane) settlements.push(await settleable(job, () => publishOne(work, guard, job)));
    return settlements;
  });
  await settle(work.db, (await Promise.all(lanes)).flat());
  await again;
}

/** Publications of one account follow each other, oldest first. */
function byAccount(jobs: readonly Leased[]): Map<string, Leased[]> {
  const oldestFirst = [...jobs].sort((a, b) =>
    a.dueAt === b.dueAt ? a.id.localeCompare(b.id) : a.dueAt.localeCompare(b.dueAt),
  );
  return Map.groupBy(oldestFirst, (job) => job.accountId);
}

export function withLease(job: Job): Leased {
  if (job.leaseToken === null) throw new Error('a leased publication has a lease token');
  return { ...job, leaseToken: job.leaseToken };
}

/** What is thrown comes from before the commit call, whose own errors are answers. */
async function settleable(job: Leased, attempt: () => Promise<Settlement>): Promise<Settlement> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof AppError && error.code === 'database_unavailable') return notBegun(job);
    log('error', 'publication', { publicationId: job.id, platform: job.platform, ...describeError(error) });
    const failure: Failure = {
      kind: 'failed',
      class: 'unknown',
      code: 'internal',
      message: 'Something went wrong on our side.',
    };
    return notPublished(job, failure, { refused: false, canRefresh: false });
  }
}

async function publishOne(work: Work, guard: (lease: Guarded) => Promise<boolean>, job: Leased): Promise<Settlement> {
  const connector = withLimits(connectorOf(job.platform), job.account.limits);
  const early = obstacle(connector, job);
  if (early !== null) return early;
  const tools = {
    db: work.db,
    http: work.http,
    signal: AbortSignal.timeout(Math.max(1_000, work.remainingMs() - 5_000)),
  };
  const canRefresh = connector.refresh !== undefined;
  const credentials = await freshCredentials(connector, job, tools);
  if ('kind' in credentials) return notPublished(job, credentials, { refused: false, canRefresh: false });
  const session = makeSession(job, credentials, tools);
  const draft = makeDraft(connector, job);
  const [violation] = validateDraft(connector, draft);
  if (violation !== undefined) {
    return notPublished(
      job,
      { kind: 'failed', class: 'invalid-content', code: violation.code, message: violation.message },
      { refused: false, canRefresh },
    );
  }
  let prepared: Prepared | null = job.preparedReady ? job.prepared : null;
  let fresh: Pick<Guarded, 'prepared' | 'preparedExpiresInS'> = { prepared: null, preparedExpiresInS: null };
  if (prepared === null) {
    const result = await prepare(connector, session, draft, job.prepared);
    if (result.kind === 'failed') return notPublished(job, result, { refused: false, canRefresh });
    if (result.kind === 'waiting')
      return waiting(job, result.waitS, 'The platform did not finish preparing it in time.', result);
    prepared = result.prepared;
    fresh = { prepared, preparedExpiresInS: result.expiresInS };
  }
  const { commitTimeoutS } = connector.capabilities.publishing;
  const mayCommit = await guard({
    id: job.id,
    leaseToken: job.leaseToken,
    generation: job.generation,
    needsS: commitTimeoutS + SPARE_S,
    ...fresh,
  });
  if (!mayCommit)
    return waiting(job, 1, 'It could not be begun in time.', {
      prepared,
      expiresInS: connector.capabilities.publishing.preparedTtlS,
    });
  return commit(connector, session, draft, prepared, job);
}

async function commit(
  connector: Connector,
  session: Session,
  draft: Draft,
  prepared: Prepared,
  job: Leased,
): Promise<Settlement> {
  const { capabilities } = connector;
  const deadline = AbortSignal.timeout(capabilities.publishing.commitTimeoutS * 1_000);
  const result = await connector
    .commit({ ...session, signal: AbortSignal.any([session.signal, deadline]) }, draft, prepared)
    .catch((error: unknown) => {
      log('error', 'commit', { publicationId: job.id, platform: job.platform, ...describeError(error) });
      return { kind: 'unknown', message: 'The call broke off.' } as const;
    });
  switch (result.kind) {
    case 'published':
      return published(job, result.evidence);
    case 'unknown':
      return outcomeUnknown(job, result.message, capabilities);
    case 'failed':
      return result.class === 'duplicate-content'
        ? outcomeUnknown(job, result.message, capabilities, 'duplicate-content')
        : notPublished(job, result, { refused: true, canRefresh: connector.refresh !== undefined });
    case 'accepted': {
      const found = await connector.confirm(session, draft, result.platformPostId).catch(() => null);
      return found?.kind === 'published' ? published(job, found.evidence) : accepted(job, result.platformPostId, 2);
    }
  }
}

/** What can be said without asking the platform. */
function obstacle(connector: Connector, job: Leased): Settlement | null {
  const { postsPerDay } = connector.capabilities;
  const broken = job.media.find((medium) => whyUnpublishable(medium) !== null);
  const fail = (failureClass: Failure['class'], code: string, message: string, retryAfterS?: number) =>
    notPublished(
      job,
      { kind: 'failed', class: failureClass, code, message, ...(retryAfterS !== undefined && { retryAfterS }) },
      { refused: false, canRefresh: false },
    );
  if (job.account.status !== 'connected')
    return fail('reauthorize', 'account_not_connected', 'The account must be reconnected.');
  if (broken !== undefined)
    return fail('invalid-content', 'media_failed', broken.failureReason ?? `A medium ${whyUnpublishable(broken)}.`);
  if (job.media.some((medium) => medium.status !== 'ready')) return waiting(job, 3, 'A medium was not ready in time.');
  if (postsPerDay !== null && job.postsToday >= postsPerDay) {
    return fail('rate-limited', 'account_quota', `The account has used its ${postsPerDay} posts of 24 hours.`, 600);
  }
  return null;
}

/** Stores the results in one statement, then wakes whoever has something to do soon. */
export async function settle(db: Db, settlements: readonly Settlement[]): Promise<void> {
  if (settlements.length === 0) return;
  const rows = await store(db, settlements);
  for (const { id: publicationId, platform, state, latenessMs } of rows) {
    // The lateness alarm and the punctuality metric read this line.
    if (state === 'published') log('info', 'publication.committed', { publicationId, platform, latenessMs });
  }
  const soon = rows.filter((row) => row.state === 'scheduled' && row.delayS !== null && row.delayS <= HORIZON_S);
  const looks = rows.flatMap((row): Wake[] =>
    (row.state === 'unknown' || row.state === 'processing') && row.delayS !== null && row.delayS <= MAX_DELAY_S
      ? [{ message: { kind: 'look', publicationId: row.id }, projectId: row.projectId, delayS: Math.ceil(row.delayS) }]
      : [],
  );
  const claimed = soon.length === 0 ? [] : await db.many(claimAgain, { ids: soon.map((row) => row.id) });
  await Promise.all([sendWakes(looks), sendClaimed(claimed.map((row) => ({ ...row, prepare: false })))]);
}

/** All in one statement. If the database refuses it, one by one: a single bad row may not keep the others from their end. */
async function store(db: Db, settlements: readonly Settlement[]) {
  try {
    return await db.many(settlePublications, { results: json(settlements) });
  } catch (error) {
    if (settlements.length === 1 || (error instanceof AppError && error.code === 'database_unavailable')) throw error;
    const each = await Promise.allSettled(
      settlements.map((one) => db.many(settlePublications, { results: json([one]) })),
    );
    log('error', 'settle', {
      refused: each.filter(({ status }) => status === 'rejected').length,
      ...describeError(error),
    });
    return each.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }
}
