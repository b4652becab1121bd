-- Old code keeps working: yes.
-- Ranges of videos worth a post of their own, and the categories of videos and clips.

create table clips (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  video_id uuid not null,
  title text,
  start_ms integer not null,
  end_ms integer not null,
  ai_score numeric(5, 2),
  transcript jsonb,
  status text not null default 'suggested',
  rendered_media_id uuid,
  failure_code text,
  failure_reason text,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint clips_pkey primary key (id),
  constraint clips_project_id_id_key unique (project_id, id),
  constraint clips_video_fkey foreign key (project_id, video_id) references videos (project_id, media_id) on delete cascade,
  constraint clips_rendered_media_fkey foreign key (project_id, rendered_media_id)
    references media (project_id, id) on delete set null (rendered_media_id),
  constraint clips_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint clips_title_length check (length(title) between 1 and 255),
  constraint clips_range check (start_ms >= 0 and start_ms < end_ms),
  constraint clips_ai_score_percent check (ai_score between 0 and 100),
  constraint clips_transcript_list check (jsonb_typeof(transcript) = 'array'),
  constraint clips_status_known check (status in ('suggested', 'rendering', 'ready', 'failed', 'discarded')),
  constraint clips_failed_has_reason check (status <> 'failed' or (failure_code is not null and failure_reason is not null))
);
comment on table clips is 'A range of a video and, once it was rendered, the file made of it. The range ends within the video (clips_within_video).';
comment on column clips.video_id is 'The media_id of the video.';
comment on column clips.start_ms is 'From the beginning of the video, like end_ms, which is the first instant that is out.';
comment on column clips.ai_score is 'How promising it is, 0 to 100; null = nobody judged.';
comment on column clips.transcript is 'List of what is said, in the form that the transcriber gave.';
comment on column clips.status is 'See app.guard_clip.';
create index clips_video_idx on clips (project_id, video_id, ai_score desc);
create index clips_rendered_media_idx on clips (project_id, rendered_media_id);
create index clips_created_by_idx on clips (created_by);
create index clips_status_created_idx on clips (project_id, status, created_at desc) where deleted_at is null;
create trigger clips_touch before update on clips for each row execute function app.touch();

create function app.guard_clip() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'INSERT' then
    if new.status = 'ready' and new.rendered_media_id is null then
      raise exception 'a clip is not ready without its file' using errcode = 'PH007';
    end if;
    return new;
  end if;
  if (case old.status
    when 'suggested' then new.status in ('rendering', 'discarded')
    when 'rendering' then new.status = 'failed' or (new.status = 'ready' and new.rendered_media_id is not null)
    when 'ready' then new.status in ('rendering', 'discarded')
    when 'failed' then new.status in ('rendering', 'discarded')
    when 'discarded' then new.status = 'suggested'
    else false
  end) is not true then
    raise exception 'a clip cannot go from % to %', old.status, new.status using errcode = 'PH007';
  end if;
  if new.status <> 'failed' then
    new.failure_code := null;
    new.failure_reason := null;
  end if;
  return new;
end
$$;
comment on function app.guard_clip() is
  'suggested to rendering; rendering to ready (with its file) or failed; ready and failed to rendering; all but rendering to discarded, and back to suggested. Anything else is PH007.';
create trigger clips_guard before update of status on clips
  for each row when (old.status is distinct from new.status) execute function app.guard_clip();
create trigger clips_guard_new before insert on clips for each row execute function app.guard_clip();

create function app.guard_clip_range() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if exists (select from videos v where v.project_id = new.project_id and v.media_id = new.video_id and v.duration_ms < new.end_ms) then
    raise exception 'new row for relation "clips" violates check constraint "clips_within_video"'
      using errcode = '23514', table = 'clips', constraint = 'clips_within_video';
  end if;
  return new;
end
$$;
create trigger clips_within_video before insert or update of video_id, end_ms on clips
  for each row execute function app.guard_clip_range();

alter table clips enable row level security;
create policy clips_read on clips for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy clips_insert on clips for insert to posthaste_api with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy clips_update on clips for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy clips_worker on clips for all to posthaste_worker using (true) with check (true);
grant select, insert (project_id, video_id, title, start_ms, end_ms, ai_score, transcript, created_by),
  update (title, start_ms, end_ms, status, deleted_at) on clips to posthaste_api;
grant select, insert, update on clips to posthaste_worker;

create table video_categories (
  video_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint video_categories_pkey primary key (video_id, category_id),
  constraint video_categories_video_fkey foreign key (project_id, video_id) references videos (project_id, media_id) on delete cascade,
  constraint video_categories_category_fkey foreign key (project_id, category_id)
    references content_categories (project_id, id) on delete cascade
);
comment on table video_categories is 'Which videos are in which categories.';
comment on column video_categories.video_id is 'The media_id of the video.';
create index video_categories_video_idx on video_categories (project_id, video_id);
create index video_categories_category_idx on video_categories (project_id, category_id);
alter table video_categories enable row level security;
create policy video_categories_read on video_categories for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy video_categories_insert on video_categories for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy video_categories_delete on video_categories for delete to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert, delete on video_categories to posthaste_api;

create table clip_categories (
  clip_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint clip_categories_pkey primary key (clip_id, category_id),
  constraint clip_categories_clip_fkey foreign key (project_id, clip_id) references clips (project_id, id) on delete cascade,
  constraint clip_categories_category_fkey foreign key (project_id, category_id)
    references content_categories (project_id, id) on delete cascade
);
comment on table clip_categories is 'Which clips are in which categories.';
create index clip_categories_clip_idx on clip_categories (project_id, clip_id);
create index clip_categories_category_idx on clip_categories (project_id, category_id);
alter table clip_categories enable row level security;
create policy clip_categories_read on clip_categories for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy clip_categories_insert on clip_categories for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy clip_categories_delete on clip_categories for delete to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert, delete on clip_categories to posthaste_api;
