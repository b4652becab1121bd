import { processAvatar } from '../../shared/avatars/process-avatar.ts';
import { processUpload } from '../../shared/media/process-upload.ts';
import { UploadEvent, uploadedAvatars, uploadedObjects } from '../../shared/media/upload-event.ts';
import { worker } from '../_kit/worker.ts';

const MAX_RECEIVES = 3;
const SPARE_MS = 15_000; // for settling and cleaning up

export const handler = worker({
  queue: 'media',
  prefix: 'uploads/',
  batch: 1,
  maxReceives: MAX_RECEIVES,
  memory: 3008,
  timeout: 300,
  storageMiB: 4096, // the largest video, its copy without metadata, and room
  native: ['sharp', 'node-av'],
  summary: 'Looks at uploads, cleans them and makes their renditions',
  message: UploadEvent,
  uses: { database: 'worker', bucket: ['read', 'write', 'delete'] },
})(async ({ messages, db, remainingMs }) => {
  for (const { body, receives } of messages) {
    const delivery = () => {
      const signal = AbortSignal.timeout(Math.max(1_000, remainingMs() - SPARE_MS));
      return { receives, last: receives >= MAX_RECEIVES, signal };
    };
    for (const upload of uploadedObjects(body)) await processUpload(db, upload, delivery());
    for (const avatarId of uploadedAvatars(body)) await processAvatar(db, avatarId, delivery());
  }
  return [];
});
