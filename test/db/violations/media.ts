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
  media_is_somewhere: 'update media set upload_key = null',
  media_title_length: "update media set title = ''",
  media_description_length: "update media set description = repeat('x', 10001)",
  media_alt_text_length: "update media set alt_text = repeat('x', 5001)",
  media_folder_length: "update media set folder = ''",
  media_tags_some: "update media set tags = '{null}'",
  media_metadata_object: "update media set metadata = '[]'",
  media_duration_positive: 'update media set duration_ms = 0',
  media_sha256_hex: "update media set sha256 = 'x'",
  media_provider_length: "update media set provider = ''",
  media_provider_key_length: "update media set provider_key = repeat('x', 501)",
  media_stored_name_length: "update media set stored_name = ''",
  media_source_url_length: "update media set source_url = ''",
  media_thumbnail_source_url_length: "update media set thumbnail_source_url = ''",
  clips_title_length: "update clips set title = ''",
  clips_range: 'update clips set end_ms = start_ms',
  clips_ai_score_percent: 'update clips set ai_score = 100.01',
  clips_transcript_list: "update clips set transcript = '{}'",
  clips_status_known: "update clips set status = 'asleep'",
  clips_failed_has_reason: "update clips set status = 'failed', failure_code = 'x'",
};
