import { sendAll } from '../aws/queues.ts';
import { config } from '../config/config.ts';

/** Never throws: what the queue does not take is found by the schedule. */
export async function sendExport(exportId: string): Promise<void> {
  await sendAll(config('exportQueue').EXPORT_QUEUE_URL, [{ body: { exportId }, delayS: 0, group: exportId }]);
}
