drop trigger videos_note_duration on videos;
drop function app.note_duration();
alter table videos drop constraint videos_project_id_media_id_key;
drop trigger media_guard on media;
drop function app.guard_media();
revoke insert on media from posthaste_api;
grant insert on media to posthaste_api;
comment on column media.status is null;
comment on column media.file_name is null;
comment on column media.declared_mime_type is null;
comment on column media.upload_key is null;
drop index media_status_created_idx, media_created_at_idx, media_kind_idx, media_mime_type_idx;
-- What only the newer schema can hold goes as far as it must.
delete from media where kind in ('gif', 'document', 'audio');
update media set upload_key = 'none/' || id where upload_key is null;
update media set status = 'failed', failure_code = 'unknown_content', failure_reason = 'The file was never looked at.'
where status = 'ready' and (mime_type is null or coalesce(width > 0 and height > 0, false) is not true);
alter table media
  drop constraint media_kind_known,
  drop constraint media_ready_is_known,
  drop constraint media_is_somewhere,
  alter column upload_key set not null,
  drop column title,
  drop column description,
  drop column alt_text,
  drop column folder,
  drop column tags,
  drop column metadata,
  drop column duration_ms,
  drop column sha256,
  drop column provider,
  drop column provider_key,
  drop column stored_name,
  drop column source_url,
  drop column thumbnail_source_url,
  add constraint media_kind_known check (kind in ('image', 'video')),
  add constraint media_ready_is_known check (status <> 'ready' or (kind is not null and mime_type is not null and width > 0 and height > 0));
