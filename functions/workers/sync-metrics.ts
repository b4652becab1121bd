import { syncBatch } from '../../shared/analytics/sync-batch.ts';
import { platformHttp } from '../../shared/platforms/http.ts';
import { MetricsMessage } from '../../shared/publications/messages.ts';
import { worker } from '../_kit/worker.ts';

const SPARE_MS = 10_000; // for storing what was told

export const handler = worker({
  queue: 'metrics',
  batch: 10,
  memory: 512,
  timeout: 60,
  summary: 'Asks the platforms for the numbers of published posts',
  message: MetricsMessage,
  uses: { database: 'worker', secrets: ['tokenKeys'] },
})(async ({ messages, db, remainingMs }) => {
  const signal = AbortSignal.timeout(Math.max(1_000, remainingMs() - SPARE_MS));
  await syncBatch(
    { db, http: platformHttp(), signal },
    messages.map(({ body }) => body),
  );
  return [];
});
