import { byWorker, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

export const rights: RightsTable = {
  media: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: 'deleted_at = deleted_at',
    add: perProject(() => ({
      file_name: 'a',
      declared_mime_type: 'image/png',
      declared_bytes: 1,
      upload_key: fresh(),
    })),
  },
  media_renditions: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'bytes = bytes',
    add: perProject(({ mediaId }) => {
      const file = { object_key: 'k', mime_type: 'image/jpeg', bytes: 1, width: 1, height: 1, sha256: 'x' };
      return { media_id: mediaId, name: 'poster', ...file };
    }),
  },
  videos: {
    key: 'project_id',
    verbs: { select: readByMembers, update: byWorker, delete: byWorker, insert: { worker: '' } },
    set: 'fps = fps',
    add: () => ({}),
  },
};
