import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into media (project_id, file_name, declared_mime_type, declared_bytes, upload_key, status, kind, mime_type, width, height)
   select p.id, 'a.jpg', 'image/jpeg', 1, p.id || '/' || n, 'ready', 'image', 'image/jpeg', 1, 1
   from projects p, generate_series(1, 10) n`,
  `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
   select id, project_id, 'original', 'k', 'image/jpeg', 1, 1, 1, 'x' from media`,
  `insert into videos (media_id, project_id, duration_ms, video_codec) select id, project_id, 1, 'h264' from media`,
  `insert into clips (project_id, video_id, start_ms, end_ms, ai_score) select project_id, media_id, 0, 1, 50 from videos`,
  `insert into video_categories (project_id, video_id, category_id)
   select v.project_id, v.media_id, c.id from videos v join content_categories c on c.project_id = v.project_id and c.name = 'Category 1'`,
  `insert into clip_categories (project_id, clip_id, category_id)
   select p.project_id, p.id, c.id from clips p join content_categories c on c.project_id = p.project_id and c.name = 'Category 1'`,
];
