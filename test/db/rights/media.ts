import { addRow } from '../seed.ts';
import { byWorker, type Fill, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

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
  clips: {
    key: 'project_id',
    verbs: {
      select: readByMembers,
      insert: { ...writtenByWriters, worker: 'own other' },
      update: { ...writtenByWriters, ...byWorker },
    },
    set: 'title = title',
    add: perProject(({ mediaId }) => ({ video_id: mediaId, start_ms: 0, end_ms: 1 })),
  },
  video_categories: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' }, insert: writtenByWriters, delete: writtenByWriters },
    set: 'project_id = project_id',
    add: perProject(({ mediaId, more }) => ({ video_id: mediaId, category_id: more.get('spareCategoryId') })),
  },
  clip_categories: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' }, insert: writtenByWriters, delete: writtenByWriters },
    set: 'project_id = project_id',
    add: perProject(({ more }) => ({ clip_id: more.get('clipId'), category_id: more.get('spareCategoryId') })),
  },
};

export const fill: Fill = async (sql, { projects }) => {
  for (const { projectId, mediaId, more } of Object.values(projects)) {
    const project = { project_id: projectId };
    const clipId = await addRow(sql, 'clips', { ...project, video_id: mediaId, start_ms: 0, end_ms: 1 });
    more.set('clipId', clipId);
    const linked = { ...project, category_id: more.get('categoryId') };
    await addRow(sql, 'video_categories', { ...linked, video_id: mediaId }, 'video_id');
    await addRow(sql, 'clip_categories', { ...linked, clip_id: clipId }, 'clip_id');
  }
};
