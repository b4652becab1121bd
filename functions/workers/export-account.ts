import { runExport } from '../../shared/exports/run-export.ts';
import { ExportMessage } from '../../shared/exports/shapes.ts';
import { worker } from '../_kit/worker.ts';

export const handler = worker({
  queue: 'export',
  batch: 1,
  maxReceives: 5,
  memory: 1024,
  timeout: 900,
  summary: 'Packs everything that a person owns into ZIP files, part by part',
  message: ExportMessage,
  uses: { database: 'worker', bucket: ['read', 'write-exports'], queues: ['export'] },
})(async ({ messages, db, remainingMs }) => {
  for (const { body } of messages) await runExport(db, body.exportId, remainingMs);
  return [];
});
