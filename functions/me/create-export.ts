import { beginExport } from '../../shared/exports/queries.ts';
import { sendExport } from '../../shared/exports/send.ts';
import { AccountExport } from '../../shared/exports/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/me/exports',
  auth: 'person',
  stepUp: true,
  rate: 'heavy',
  summary: 'Request an export of your data',
  description:
    'A ZIP of all your data as JSON lines and all your files, without secrets and without other people’s addresses. One export at a time; you get a mail when it is ready, and it is kept for seven days.',
  status: 202,
  location: '/v1/me/exports/{id}',
  response: AccountExport,
  errors: ['export_running'],
  uses: { database: 'api', secrets: ['verificationKeys'], queues: ['export'] },
})(async ({ db }) => {
  const made = await db.change(beginExport, {});
  if (!db.isRepeat()) await sendExport(made.id);
  return made;
});
