-- Old code keeps working: yes.
-- Content: what is thought up and written before it becomes posts, with a snapshot of every edit.

create function app.labels_fit(labels text[]) returns boolean
language sql immutable parallel safe
as $$select cardinality(labels) <= 100 and coalesce(bool_and(length(l.label) between 1 and 100), true) from unnest(labels) as l (label)$$;
comment on function app.labels_fit is 'At most 100 labels, each of 1 to 100 characters.';
grant execute on function app.labels_fit(text[]) to posthaste_api, posthaste_worker;

create table content (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  title text not null,
  description text,
  body text not null default '',
  script text,
  tone text,
  platform text,
  content_type text not null default 'text',
  status text not null default 'draft',
  scheduled_at timestamptz,
  published_at timestamptz,
  thumbnail_media_id uuid,
  thumbnail_url text,
  video_media_id uuid,
  video_url text,
  tags text[] not null default '{}',
  metadata jsonb not null default '{}',
  ai_generated boolean not null default false,
  language text,
  external_id text,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint content_pkey primary key (id),
  constraint content_project_id_id_key unique (project_id, id),
  constraint content_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint content_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint content_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint content_thumbnail_fkey foreign key (project_id, thumbnail_media_id)
    references media (project_id, id) on delete set null (thumbnail_media_id),
  constraint content_video_fkey foreign key (project_id, video_media_id)
    references media (project_id, id) on delete set null (video_media_id),
  constraint content_title_length check (length(title) between 1 and 255),
  constraint content_description_length check (length(description) <= 10000),
  constraint content_body_length check (length(body) <= 100000),
  constraint content_script_length check (length(script) <= 100000),
  constraint content_tone_length check (length(tone) between 1 and 100),
  constraint content_content_type_known check (content_type in ('text', 'image', 'video', 'audio', 'carousel', 'story', 'reel', 'short', 'mixed')),
  constraint content_status_known check (status in ('draft', 'active', 'scheduled', 'published', 'archived')),
  constraint content_scheduled_has_instant check (status <> 'scheduled' or scheduled_at is not null),
  constraint content_published_has_instant check (status <> 'published' or published_at is not null),
  constraint content_tags_fit check (app.labels_fit(tags)),
  constraint content_language_shape check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint content_external_id_length check (length(external_id) between 1 and 255)
);
comment on table content is 'A piece of content before and beside its posts: draft, script, plan. Posts name it by content_id.';
comment on column content.script is 'What is spoken or shown, for video and audio.';
comment on column content.platform is 'The platform that it is meant for; null = any. Where it went is said by the publications of its posts.';
comment on column content.thumbnail_url is 'An address elsewhere, for content that was brought in; files of ours are thumbnail_media_id.';
comment on column content.video_url is 'An address elsewhere, for content that was brought in; files of ours are video_media_id.';
comment on column content.tags is 'Labels of the team. Hashtags come from the text: content_hashtags.';
comment on column content.language is 'BCP 47, such as en or pt-BR: chooses the word forms of search. Null = words as they are written.';
comment on column content.external_id is 'The caller''s own id, unique within the project.';
create unique index content_external_id_key on content (project_id, external_id) where external_id is not null and deleted_at is null;
create index content_project_id_created_idx on content (project_id, created_at desc, id desc) where deleted_at is null;
-- Titles of a person's content without a look at the table: what the policy and the filter ask for is in it too.
create index content_created_by_idx on content (created_by, created_at desc, id desc) include (project_id, deleted_at, title);
create index content_platform_idx on content (platform);
create index content_thumbnail_idx on content (project_id, thumbnail_media_id);
create index content_video_idx on content (project_id, video_media_id);
create index content_scheduled_idx on content (project_id, scheduled_at) where status = 'scheduled' and deleted_at is null;
create trigger content_touch before update on content for each row execute function app.touch();

create table content_versions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  content_id uuid not null,
  number integer not null,
  title text not null,
  description text,
  body text not null,
  script text,
  tone text,
  platform text,
  content_type text not null,
  tags text[] not null,
  metadata jsonb not null,
  language text,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  constraint content_versions_pkey primary key (id),
  constraint content_versions_number_key unique (content_id, number),
  constraint content_versions_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete cascade,
  constraint content_versions_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint content_versions_number_positive check (number >= 1)
);
comment on table content_versions is 'What a piece of content said, from 1: written by a trigger at every edit, never changed.';
comment on column content_versions.created_by is 'Whose edit it was; null = the system''s, or somebody who has gone.';
comment on column content_versions.platform is 'As it was then: no reference, so that no platform is held by history.';
create index content_versions_content_idx on content_versions (project_id, content_id);
create index content_versions_created_by_idx on content_versions (created_by);

create function app.keep_content_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into content_versions (project_id, content_id, number, title, description, body, script, tone, platform, content_type, tags,
    metadata, language, created_by)
  values (new.project_id, new.id, 1 + coalesce((select max(v.number) from content_versions v where v.content_id = new.id), 0),
    new.title, new.description, new.body, new.script, new.tone, new.platform, new.content_type, new.tags, new.metadata, new.language,
    coalesce(app.user_id(), case tg_op when 'INSERT' then new.created_by end));
  return null;
end
$$;
comment on function app.keep_content_version is 'The row of the content is locked by its own change, so that numbers have no gaps and no doubles.';
create trigger content_keep_first_version after insert on content for each row execute function app.keep_content_version();
create trigger content_keep_version after update on content for each row
  when ((old.title, old.description, old.body, old.script, old.tone, old.platform, old.content_type, old.tags, old.metadata, old.language)
    is distinct from (new.title, new.description, new.body, new.script, new.tone, new.platform, new.content_type, new.tags, new.metadata, new.language))
  execute function app.keep_content_version();

create function app.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'PH008';
end
$$;
comment on function app.refuse_change is 'Before update, for tables whose rows are facts of the past.';
-- By columns: that a person goes (created_by becomes null) is no change of what was said.
create trigger content_versions_fixed
  before update of id, project_id, content_id, number, title, description, body, script, tone, platform, content_type, tags, metadata, language, created_at
  on content_versions for each row execute function app.refuse_change();

-- Restoring is an edit like any other: it becomes the newest version. Runs under the caller's policies.
create function app.restore_content(content_id uuid, number integer) returns table (outcome text, version integer)
language plpgsql set search_path = public, pg_temp
as $$
begin
  return query
    update content c
    set title = v.title, description = v.description, body = v.body, script = v.script, tone = v.tone, platform = v.platform,
      content_type = v.content_type, tags = v.tags, metadata = v.metadata, language = v.language
    from content_versions v
    where c.id = restore_content.content_id and c.deleted_at is null
      and c.project_id = any (app.projects_of('write'))
      and v.project_id = c.project_id and v.content_id = c.id and v.number = restore_content.number
    returning 'ok', c.version;
  if not found then
    return query select case when exists (
        select from content c join content_versions v on v.project_id = c.project_id and v.content_id = c.id
        where c.id = restore_content.content_id and c.deleted_at is null and v.number = restore_content.number)
      then 'forbidden' else 'not_found' end, null::integer;
  end if;
end
$$;
grant execute on function app.restore_content(uuid, integer) to posthaste_api;

alter table content enable row level security;
create policy content_read on content for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_insert on content for insert to posthaste_api with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_update on content for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_worker on content for select to posthaste_worker using (true);
grant select, insert, update (title, description, body, script, tone, platform, content_type, status, scheduled_at, published_at,
  thumbnail_media_id, thumbnail_url, video_media_id, video_url, tags, metadata, ai_generated, language, external_id, deleted_at)
  on content to posthaste_api;
grant select on content to posthaste_worker;

alter table content_versions enable row level security;
create policy content_versions_read on content_versions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
grant select on content_versions to posthaste_api;
