import type { Violations } from './format.ts';

export const violations: Violations = {
  media_status_known: "update media set status = 'asleep'",
  media_kind_known: "update media set kind = 'smell'",
  media_ready_is_known: "update media set status = 'ready', width = 0, kind = 'image', mime_type = 'image/png'",
  media_failed_has_reason: "update media set status = 'failed', failure_code = 'x', failure_reason = null",
  media_upload_key_key: "update media set upload_key = 'same'",
  media_renditions_name_known:
    "insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256) select id, project_id, 'vast', 'k', 'image/png', 1, 1, 1, 'x' from media limit 1",
  videos_duration_positive:
    "insert into videos (media_id, project_id, duration_ms, video_codec) select id, project_id, 0, 'h264' from media limit 1",
};
