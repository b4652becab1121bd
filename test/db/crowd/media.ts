import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into media (project_id, file_name, declared_mime_type, declared_bytes, upload_key, status, kind, mime_type, width, height)
   select p.id, 'a.jpg', 'image/jpeg', 1, p.id || '/' || n, 'ready', 'image', 'image/jpeg', 1, 1
   from projects p, generate_series(1, 10) n`,
  `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
   select id, project_id, 'original', 'k', 'image/jpeg', 1, 1, 1, 'x' from media`,
  `insert into videos (media_id, project_id, duration_ms, video_codec) select id, project_id, 1, 'h264' from media`,
];
