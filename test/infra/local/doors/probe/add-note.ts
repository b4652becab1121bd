import { z } from 'zod';
import { endpoint } from '../../../../../functions/_kit/endpoint.ts';
import { sendAll } from '../../../../../shared/aws/queues.ts';
import { config } from '../../../../../shared/config/config.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/probe/notes/{name}',
  auth: 'public',
  summary: 'Sends a note to the metrics queue.',
  params: z.strictObject({ name: z.string() }),
  body: z.strictObject({ delayS: z.int() }),
  status: 202,
  response: z.object({ unsent: z.int() }),
  errors: [],
  uses: { queues: ['metrics'] },
})(async ({ params, body }) => {
  const messages = [{ body: { note: params.name }, delayS: body.delayS, group: 'probe' }];
  return { unsent: (await sendAll(config('metricsQueue').METRICS_QUEUE_URL, messages)).length };
});
