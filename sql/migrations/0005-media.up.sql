-- Old code keeps working: yes.
-- Files: what was asked for, what arrived, and what was made of it.

create table media (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  status text not null default 'pending_upload',
  -- What the client said; `mime_type`, `kind` and `bytes` are what the content proved to be.
  file_name text not null,
  declared_mime_type text not null,
  declared_bytes bigint not null,
  upload_key text not null,
  upload_expires_at timestamptz not null default app.now() + interval '1 hour',
  kind text,
  mime_type text,
  bytes bigint,
  width integer,
  height integer,
  failure_code text,
  failure_reason text,
  processing_until timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint media_pkey primary key (id),
  constraint media_project_id_id_key unique (project_id, id),
  constraint media_upload_key_key unique (upload_key),
  constraint media_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint media_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint media_status_known check (status in ('pending_upload', 'processing', 'ready', 'failed')),
  constraint media_kind_known check (kind in ('image', 'video')),
  constraint media_ready_is_known check (status <> 'ready' or (kind is not null and mime_type is not null and width > 0 and height > 0)),
  constraint media_failed_has_reason check (status <> 'failed' or (failure_code is not null and failure_reason is not null))
);
comment on table media is 'One file. Its URLs are computed from its renditions.';
create index media_project_id_created_idx on media (project_id, id desc) where deleted_at is null;
create index media_created_by_idx on media (created_by);
create index media_unfinished_idx on media (upload_expires_at) where status in ('pending_upload', 'processing') and deleted_at is null;
create trigger media_touch before update on media for each row execute function app.touch();

-- Deleting is announced: the sweep removes the objects.
create function app.announce_media_deletion() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('media.deleted', new.project_id, jsonb_build_object('mediaId', new.id));
  return null;
end
$$;
create trigger media_deleted after update of deleted_at on media
  for each row when (old.deleted_at is null and new.deleted_at is not null) execute function app.announce_media_deletion();

create table media_renditions (
  media_id uuid not null,
  project_id uuid not null,
  name text not null,
  object_key text not null,
  mime_type text not null,
  bytes bigint not null,
  width integer not null,
  height integer not null,
  sha256 text not null,
  constraint media_renditions_pkey primary key (media_id, name),
  constraint media_renditions_media_fkey foreign key (project_id, media_id) references media (project_id, id) on delete cascade,
  constraint media_renditions_name_known check (name in ('original', 'preview', 'thumb', 'poster'))
);
create index media_renditions_media_idx on media_renditions (project_id, media_id);

create table videos (
  media_id uuid not null,
  project_id uuid not null,
  duration_ms integer not null,
  fps numeric(7, 3),
  video_codec text not null,
  audio_codec text,
  constraint videos_pkey primary key (media_id),
  constraint videos_media_fkey foreign key (project_id, media_id) references media (project_id, id) on delete cascade,
  constraint videos_duration_positive check (duration_ms > 0)
);
comment on table videos is 'What only a video has; 1:1 to its media row.';
create index videos_media_idx on videos (project_id, media_id);

alter table media enable row level security;
create policy media_read on media for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy media_insert on media for insert to posthaste_api with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy media_update on media for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy media_worker on media for all to posthaste_worker using (true) with check (true);
grant select, insert, update (deleted_at) on media to posthaste_api;
grant select, update on media to posthaste_worker;

alter table media_renditions enable row level security;
create policy media_renditions_read on media_renditions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy media_renditions_worker on media_renditions for all to posthaste_worker using (true) with check (true);
grant select on media_renditions to posthaste_api;
grant select, insert, update, delete on media_renditions to posthaste_worker;

alter table videos enable row level security;
create policy videos_read on videos for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy videos_worker on videos for all to posthaste_worker using (true) with check (true);
grant select on videos to posthaste_api;
grant select, insert, update, delete on videos to posthaste_worker;
