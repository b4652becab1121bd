-- Old code keeps working: yes, but it cannot show files of the new kinds; they come by import only.
-- What a file is called, where it stands, how long it plays; files that another system stored; and which states follow which.

alter table media
  drop constraint media_kind_known,
  drop constraint media_ready_is_known,
  alter column upload_key drop not null,
  add column title text,
  add column description text,
  add column alt_text text,
  add column folder text,
  add column tags text[] not null default '{}',
  add column metadata jsonb not null default '{}',
  add column duration_ms integer,
  add column sha256 text,
  add column provider text not null default 's3',
  add column provider_key text,
  add column stored_name text,
  add column source_url text,
  add column thumbnail_source_url text,
  add constraint media_kind_known check (kind in ('image', 'video', 'gif', 'document', 'audio')),
  add constraint media_ready_is_known check (status <> 'ready' or (kind is not null and (upload_key is null
    or (mime_type is not null and (kind in ('document', 'audio') or coalesce(width > 0 and height > 0, false)))))),
  add constraint media_is_somewhere check (num_nonnulls(upload_key, provider_key, source_url) > 0),
  add constraint media_title_length check (length(title) between 1 and 255),
  add constraint media_description_length check (length(description) <= 10000),
  add constraint media_alt_text_length check (length(alt_text) <= 5000),
  add constraint media_folder_length check (length(folder) between 1 and 255),
  add constraint media_tags_some check (cardinality(tags) <= 100 and array_position(tags, null) is null),
  add constraint media_metadata_object check (jsonb_typeof(metadata) = 'object'),
  add constraint media_duration_positive check (duration_ms > 0),
  add constraint media_sha256_hex check (sha256 ~ '^[0-9a-f]{64}$'),
  add constraint media_provider_length check (length(provider) between 1 and 255),
  add constraint media_provider_key_length check (length(provider_key) between 1 and 500),
  add constraint media_stored_name_length check (length(stored_name) between 1 and 255),
  add constraint media_source_url_length check (length(source_url) between 1 and 2083),
  add constraint media_thumbnail_source_url_length check (length(thumbnail_source_url) between 1 and 2083);
comment on column media.status is 'pending_upload, processing, ready, failed: see app.guard_media.';
comment on column media.file_name is 'What its author called it.';
comment on column media.declared_mime_type is 'What the client said; mime_type, kind and bytes are what the content proved to be.';
comment on column media.upload_key is 'Key in our bucket under which it was uploaded; null for files that another system stored.';
comment on column media.alt_text is 'For whoever cannot see it; a post may say it differently (post_media.alt_text).';
comment on column media.folder is 'Where its members put it; null = nowhere in particular.';
comment on column media.tags is 'Labels for sorting; not the hashtags of posts.';
comment on column media.metadata is 'Free values of its members.';
comment on column media.duration_ms is 'Of what plays; for a video kept equal to videos.duration_ms.';
comment on column media.sha256 is 'Of the file as it was uploaded, in hex.';
comment on column media.provider is 'Who stores it: s3 is our own bucket.';
comment on column media.provider_key is 'Key or path at another provider.';
comment on column media.stored_name is 'Its file name at another provider.';
comment on column media.source_url is 'Where another system served it; our own URLs are computed from renditions.';
comment on column media.thumbnail_source_url is 'Where another system served its small picture.';

create index media_status_created_idx on media (project_id, status, created_at desc) where deleted_at is null;
create index media_created_at_idx on media (project_id, created_at desc) where deleted_at is null;
create index media_kind_idx on media (project_id, kind, id desc) where deleted_at is null;
create index media_mime_type_idx on media (project_id, mime_type, id desc) where deleted_at is null;
create index media_folder_idx on media (project_id, folder, id desc) where folder is not null and deleted_at is null;
create index media_sha256_idx on media (project_id, sha256) where sha256 is not null and deleted_at is null;
create index media_tags_idx on media using gin (tags);

revoke insert on media from posthaste_api;
grant insert (id, project_id, created_by, file_name, declared_mime_type, declared_bytes, upload_key,
  title, description, alt_text, folder, tags, metadata), update (title, description, alt_text, folder, tags, metadata)
  on media to posthaste_api;

create function app.guard_media() returns trigger
language plpgsql
as $$
begin
  if (case old.status
    when 'pending_upload' then new.status in ('processing', 'failed')
    when 'processing' then new.status in ('ready', 'failed')
    when 'failed' then new.status = 'processing'
    else false
  end) is not true then
    raise exception 'a medium cannot go from % to %', old.status, new.status using errcode = 'PH003';
  end if;
  if new.status = 'processing' then
    new.failure_code := null;
    new.failure_reason := null;
  end if;
  return new;
end
$$;
comment on function app.guard_media() is 'pending_upload to processing or failed, processing to ready or failed, failed to processing; anything else is PH003.';
create trigger media_guard before update of status on media
  for each row when (old.status is distinct from new.status) execute function app.guard_media();

alter table videos add constraint videos_project_id_media_id_key unique (project_id, media_id);
update media m set duration_ms = v.duration_ms from videos v where v.media_id = m.id;

create function app.note_duration() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update media m set duration_ms = new.duration_ms where m.project_id = new.project_id and m.id = new.media_id;
  return null;
end
$$;
create trigger videos_note_duration after insert or update of duration_ms on videos
  for each row execute function app.note_duration();
