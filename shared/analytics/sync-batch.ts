/** A batch of syncs: one statement loads it, the platforms are asked side by side, one statement stores what they said. */
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { describeError, log } from '../log.ts';
import type { Failure, Metrics } from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { connectorOf } from '../platforms/registry.ts';
import type { MetricsMessage } from '../publications/messages.ts';
import { freshCredentials } from '../publications/refresh-token.ts';
import { makeSession } from '../publications/session.ts';
import { loadMetricsJobs, type MetricsJob, storeMetrics } from './queries.ts';

export interface SyncTools {
  readonly db: Db;
  readonly http: PlatformHttp;
  readonly signal: AbortSignal;
}

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Returns how many publications got new numbers. */
export async function syncBatch(tools: SyncTools, messages: readonly MetricsMessage[]): Promise<number> {
  // Somebody waits for a refresh; a poll of the same publication in the batch is answered by it.
  const sources = new Map<string, MetricsMessage['source']>();
  for (const { publicationId, source } of messages) {
    if (sources.get(publicationId) !== 'refresh') sources.set(publicationId, source);
  }
  const jobs = await tools.db.many(loadMetricsJobs, { ids: [...sources.keys()] });
  if (jobs.length === 0) return 0;
  const results = await Promise.all(
    jobs.map(async (job) => {
      const answer = await ask(tools, job).catch((error: unknown): Answer => {
        log('error', 'sync', { publicationId: job.id, platform: job.platform, ...describeError(error) });
        return { kind: 'failed', class: 'unknown', code: 'internal', message: 'Something went wrong on our side.' };
      });
      return { id: job.id, source: sources.get(job.id) ?? 'poll', ...toRow(job, answer) };
    }),
  );
  const { stored } = await tools.db.one(storeMetrics, { results: json(results) });
  return stored;
}

async function ask(tools: SyncTools, job: MetricsJob): Promise<Answer> {
  if (job.account.status === 'disconnected' || job.account.status === 'reauthorization_needed') {
    return { kind: 'failed', class: 'reauthorize', code: job.account.status, message: 'The account is not connected.' };
  }
  const connector = connectorOf(job.platform);
  const credentials = await freshCredentials(connector, job, tools);
  if ('kind' in credentials) return credentials;
  const answer = await connector.metrics(makeSession(job, credentials, tools), job.platformPostId);
  // Perhaps only this token is dead: the next sync refreshes it, and that one decides about the account.
  const spent = answer.kind === 'failed' && answer.class === 'reauthorize' && connector.refresh !== undefined;
  return spent && job.token !== null ? { ...answer, class: 'retry-later', spentToken: job.token.version } : answer;
}

type Answer = { readonly kind: 'metrics'; readonly metrics: Metrics } | (Failure & { readonly spentToken?: number });

function toRow(job: MetricsJob, answer: Answer) {
  if (answer.kind === 'metrics') return { ok: true, ...answer.metrics };
  log('warn', 'sync', { publicationId: job.id, platform: job.platform, class: answer.class, code: answer.code });
  const lost = answer.class === 'reauthorize';
  return {
    ok: false,
    waitS: waitOf(answer),
    ...(answer.spentToken !== undefined && { spentToken: answer.spentToken }),
    ...(lost && { accountStatus: 'reauthorization_needed', message: answer.message }),
  };
}

/** Seconds until it is worth asking again; the post's age may make it longer. */
function waitOf(failure: Failure): number {
  switch (failure.class) {
    case 'retry-later':
    case 'unknown':
      return failure.retryAfterS ?? MINUTE_S;
    case 'rate-limited':
      return failure.retryAfterS ?? 15 * MINUTE_S;
    case 'reauthorize':
    case 'account-restricted':
      return 6 * HOUR_S;
    case 'invalid-content':
    case 'duplicate-content':
      return HOUR_S; // gone, or not counted yet
  }
}
