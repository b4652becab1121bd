/** Syncs on their way. What the queue does not take is claimed again when its lease ends. */
import { sendAll } from '../aws/queues.ts';
import { config } from '../config/config.ts';
import type { MetricsMessage } from '../publications/messages.ts';

export async function sendSyncs(
  syncs: readonly { readonly id: string; readonly projectId: string }[],
  source: MetricsMessage['source'],
): Promise<void> {
  if (syncs.length === 0) return;
  await sendAll(
    config('metricsQueue').METRICS_QUEUE_URL,
    syncs.map(({ id, projectId }) => {
      const body: MetricsMessage = { publicationId: id, source };
      return { body, delayS: 0, group: projectId };
    }),
  );
}
