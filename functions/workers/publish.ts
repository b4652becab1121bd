import { platformHttp } from '../../shared/platforms/http.ts';
import { lookBatch } from '../../shared/publications/look-batch.ts';
import { PublishMessage } from '../../shared/publications/messages.ts';
import { prepareBatch } from '../../shared/publications/prepare-batch.ts';
import { publishBatch } from '../../shared/publications/publish-batch.ts';
import { worker } from '../_kit/worker.ts';

export const handler = worker({
  queue: 'publish',
  batch: 10,
  maxReceives: 5,
  memory: 1024,
  timeout: 60,
  summary: 'Publishes, prepares and looks: one statement leases the batch, one settles it',
  message: PublishMessage,
  uses: { database: 'worker', secrets: ['tokenKeys'], bucket: ['read'], queues: ['publish'] },
})(async ({ messages, db, remainingMs }) => {
  const work = { db, http: platformHttp(), remainingMs };
  const of = <K extends PublishMessage['kind']>(kind: K) =>
    messages.map(({ body }) => body).filter((body): body is Extract<PublishMessage, { kind: K }> => body.kind === kind);
  const [publish, prepare, look] = [of('publish'), of('prepare'), of('look')];
  const results = await Promise.allSettled([
    publish.length > 0 ? publishBatch(work, publish) : undefined,
    prepare.length > 0 ? prepareBatch(work, prepare) : undefined,
    look.length > 0 ? lookBatch(work, look) : undefined,
  ]);
  const broken = results.find((result) => result.status === 'rejected');
  // Stale messages are harmless: what was settled is not current any more, what was not is found by the sweep.
  if (broken !== undefined) throw broken.reason;
  return [];
});
