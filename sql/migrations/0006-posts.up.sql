-- Old code keeps working: yes.
-- The intent (posts), its publications (one per account), and the ledger of attempts.

create table posts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  text text not null default '',
  schedule_type text not null,
  due_at timestamptz,
  -- The wall time and zone that the author chose; due_at is what they resolve to.
  wall_time text,
  time_zone text,
  external_id text,
  metadata jsonb not null default '{}',
  metrics_requested_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint posts_pkey primary key (id),
  constraint posts_project_id_id_key unique (project_id, id),
  constraint posts_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint posts_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint posts_schedule_type_known check (schedule_type in ('draft', 'now', 'at')),
  constraint posts_due_when_scheduled check ((schedule_type = 'draft') = (due_at is null)),
  constraint posts_wall_time_with_zone check ((wall_time is null) = (time_zone is null)),
  constraint posts_text_length check (length(text) <= 100000),
  constraint posts_external_id_length check (length(external_id) between 1 and 255)
);
comment on table posts is 'What is to be said. Its status is computed from its publications.';
create index posts_project_id_idx on posts (project_id, id desc) where deleted_at is null;
create index posts_created_by_idx on posts (created_by);
create unique index posts_external_id_key on posts (project_id, external_id) where external_id is not null and deleted_at is null;
create trigger posts_touch before update on posts for each row execute function app.touch();

create table post_publications (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  account_id uuid not null,
  platform text not null,
  -- Null: the post's own text.
  text text,
  options jsonb not null default '{}',
  state text not null default 'draft',
  due_at timestamptz,
  -- A retry, a poll or a look: the next instant at which something is to be done. Null while a message carries it.
  next_attempt_at timestamptz,
  -- Raised by every claim. A message that carries another one is stale.
  generation integer not null default 0,
  attempts integer not null default 0,
  lease_token uuid,
  lease_until timestamptz,
  commit_started_at timestamptz,
  -- The platform answered the commit and did not take the post: nothing became public, a retry is safe.
  refused_at timestamptz,
  looks integer not null default 0,
  prepared jsonb,
  -- False: the platform still works on it (`prepared` says where to ask).
  prepared_ready boolean not null default false,
  prepared_expires_at timestamptz,
  prepare_lease_until timestamptz,
  scheduled_at timestamptz,
  queued_at timestamptz,
  publishing_at timestamptz,
  published_at timestamptz,
  platform_post_id text,
  url text,
  platform_published_at timestamptz,
  failure_class text,
  failure_code text,
  failure_message text,
  removed_at timestamptz,
  likes bigint,
  comments bigint,
  shares bigint,
  views bigint,
  metrics_at timestamptz,
  next_metrics_at timestamptz,
  metrics_lease_until timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint post_publications_pkey primary key (id),
  constraint post_publications_project_id_id_key unique (project_id, id),
  constraint post_publications_account_once unique (post_id, account_id),
  constraint post_publications_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint post_publications_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete restrict,
  constraint post_publications_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint post_publications_state_known check (state in ('draft', 'pending_approval', 'scheduled', 'queued', 'publishing',
    'processing', 'published', 'failed', 'unknown', 'cancelled')),
  constraint post_publications_due_when_scheduled check (state in ('draft', 'pending_approval', 'cancelled') or due_at is not null),
  constraint post_publications_evidence check (state <> 'published' or platform_post_id is not null),
  constraint post_publications_owned check (state not in ('publishing', 'processing') or lease_until is not null or next_attempt_at is not null),
  constraint post_publications_failure_class_known check (failure_class in ('retry-later', 'rate-limited', 'reauthorize',
    'invalid-content', 'duplicate-content', 'account-restricted', 'unknown'))
);
comment on table post_publications is 'A post on one account: the state machine of the artery. Guarded by app.guard_publication.';
comment on column post_publications.looks is 'Looks of reconcile since the commit whose outcome is unknown.';
create index post_publications_post_idx on post_publications (project_id, post_id);
create index post_publications_account_idx on post_publications (project_id, account_id);
create index post_publications_platform_idx on post_publications (platform);
create index post_publications_due_idx on post_publications (coalesce(next_attempt_at, due_at)) where state = 'scheduled';
create index post_publications_waiting_idx on post_publications (next_attempt_at)
  where state in ('processing', 'unknown') and next_attempt_at is not null;
create index post_publications_lease_idx on post_publications (lease_until) where lease_until is not null;
create index post_publications_queued_idx on post_publications (queued_at) where state = 'queued';
create index post_publications_busy_idx on post_publications (account_id, publishing_at) where state = 'publishing';
create index post_publications_metrics_idx on post_publications (next_metrics_at) where state = 'published' and next_metrics_at is not null;
create trigger post_publications_touch before update on post_publications for each row execute function app.touch();

-- The table of states in design: any other change is an error with its own SQLSTATE.
create function app.guard_publication() returns trigger
language plpgsql
as $$
begin
  if (case old.state
    when 'draft' then new.state in ('pending_approval', 'scheduled', 'cancelled')
    when 'pending_approval' then new.state in ('scheduled', 'draft', 'cancelled')
    when 'scheduled' then new.state in ('queued', 'draft', 'cancelled')
    when 'queued' then new.state in ('scheduled', 'publishing', 'cancelled')
    when 'publishing' then new.state in ('processing', 'published', 'failed', 'unknown')
      or (new.state = 'scheduled' and (old.commit_started_at is null or new.refused_at > old.commit_started_at))
    when 'processing' then new.state in ('published', 'failed', 'unknown')
    when 'unknown' then new.state in ('published', 'failed', 'scheduled')
    when 'failed' then new.state in ('scheduled', 'cancelled')
    else false
  end) is not true then
    raise exception 'a publication cannot go from % to %', old.state, new.state using errcode = 'PH001';
  end if;
  if new.state = 'scheduled' then
    new.scheduled_at := app.now();
    new.commit_started_at := null;
    new.looks := 0;
  elsif new.state = 'queued' then
    new.queued_at := app.now();
  elsif new.state = 'publishing' then
    new.publishing_at := app.now();
  elsif new.state = 'published' then
    new.published_at := app.now();
    new.next_metrics_at := app.now() + interval '60 seconds';
  end if;
  return new;
end
$$;
create trigger post_publications_guard before update of state on post_publications
  for each row when (old.state is distinct from new.state) execute function app.guard_publication();

create function app.announce_publication() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('publication.' || new.state, new.project_id,
    jsonb_build_object('publicationId', new.id, 'postId', new.post_id, 'accountId', new.account_id, 'platform', new.platform));
  return new;
end
$$;
create trigger post_publications_announce after update of state on post_publications
  for each row when (old.state is distinct from new.state and new.state in ('published', 'failed', 'unknown'))
  execute function app.announce_publication();

-- A post's status is computed from the states of its publications.
create function app.post_status(states text[]) returns text
language sql immutable parallel safe
as $$
  select case
    when cardinality(live) = 0 then case when cardinality(states) = 0 then 'draft' else 'cancelled' end
    when live <@ '{draft}' then 'draft'
    when live && '{pending_approval}' then 'pending_approval'
    when live && '{publishing,processing}' then 'publishing'
    when live && '{scheduled,queued}' and live && '{published,failed,unknown}' then 'publishing'
    when live && '{queued}' then 'queued'
    when live && '{scheduled}' then 'scheduled'
    when live && '{unknown}' then 'unknown'
    when live <@ '{published}' then 'published'
    when live <@ '{failed}' then 'failed'
    when live && '{published}' then 'partial'
    else 'draft'
  end
  from (select array_remove(states, 'cancelled') as live) l
$$;
comment on function app.post_status is 'draft, pending_approval, scheduled, queued, publishing, published, partial, failed, unknown or cancelled.';
grant execute on function app.post_status(text[]) to posthaste_api, posthaste_worker;

create table post_media (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  -- Null: for all publications that bring no media of their own.
  publication_id uuid,
  media_id uuid not null,
  position integer not null,
  alt_text text,
  constraint post_media_pkey primary key (id),
  constraint post_media_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint post_media_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint post_media_media_fkey foreign key (project_id, media_id) references media (project_id, id) on delete restrict,
  constraint post_media_position_positive check (position >= 0)
);
create unique index post_media_post_position_key on post_media (post_id, position) where publication_id is null;
create unique index post_media_publication_position_key on post_media (publication_id, position) where publication_id is not null;
create index post_media_post_idx on post_media (project_id, post_id);
create index post_media_publication_idx on post_media (project_id, publication_id);
create index post_media_media_idx on post_media (project_id, media_id);

-- The media of a publication: its own, or else the post's. Renditions and all, as the worker needs them.
create function app.media_of(project uuid, post uuid, publication uuid) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', m.id, 'status', m.status, 'failureReason', m.failure_reason, 'altText', pm.alt_text, 'kind', m.kind,
    'durationMs', v.duration_ms, 'videoCodec', v.video_codec,
    'renditions', coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'mimeType', r.mime_type, 'bytes', r.bytes,
        'width', r.width, 'height', r.height))
      from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), '[]'::jsonb)
    ) order by pm.position), '[]'::jsonb)
  from post_media pm
  join media m on m.project_id = pm.project_id and m.id = pm.media_id
  left join videos v on v.project_id = m.project_id and v.media_id = m.id
  where pm.project_id = project and pm.post_id = post
    and pm.publication_id is not distinct from (
      select own.publication_id from post_media own
      where own.project_id = project and own.publication_id = publication limit 1)
$$;
grant execute on function app.media_of(uuid, uuid, uuid) to posthaste_worker;

create table publication_attempts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  kind text not null,
  generation integer not null,
  lease_token uuid not null,
  started_at timestamptz not null default app.now(),
  commit_started_at timestamptz,
  finished_at timestamptz,
  outcome text,
  failure_class text,
  failure_code text,
  message text,
  constraint publication_attempts_pkey primary key (id),
  constraint publication_attempts_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint publication_attempts_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint publication_attempts_kind_known check (kind in ('publish', 'prepare', 'confirm', 'reconcile', 'resolve')),
  constraint publication_attempts_outcome_known check (outcome in ('published', 'accepted', 'prepared', 'waiting', 'retry', 'failed',
    'unknown', 'absent', 'lost', 'refused'))
);
comment on table publication_attempts is 'Written before a platform is called; quotas are counted from it.';
create index publication_attempts_publication_idx on publication_attempts (project_id, publication_id);
create index publication_attempts_lease_idx on publication_attempts (lease_token);
create index publication_attempts_account_idx on publication_attempts (project_id, account_id);
create index publication_attempts_quota_idx on publication_attempts (account_id, commit_started_at) where commit_started_at is not null;

alter table posts enable row level security;
create policy posts_read on posts for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy posts_insert on posts for insert to posthaste_api with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy posts_update on posts for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy posts_worker on posts for select to posthaste_worker using (true);
grant select, insert, update on posts to posthaste_api;
grant select on posts to posthaste_worker;

alter table post_publications enable row level security;
create policy post_publications_read on post_publications for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy post_publications_insert on post_publications for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy post_publications_update on post_publications for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy post_publications_worker on post_publications for all to posthaste_worker using (true) with check (true);
grant select, insert, update on post_publications to posthaste_api;
grant select, update on post_publications to posthaste_worker;

alter table post_media enable row level security;
create policy post_media_read on post_media for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy post_media_insert on post_media for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy post_media_worker on post_media for select to posthaste_worker using (true);
grant select, insert on post_media to posthaste_api;
grant select on post_media to posthaste_worker;

alter table publication_attempts enable row level security;
create policy publication_attempts_read on publication_attempts for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy publication_attempts_resolve on publication_attempts for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]) and kind = 'resolve');
create policy publication_attempts_worker on publication_attempts for all to posthaste_worker using (true) with check (true);
grant select, insert on publication_attempts to posthaste_api;
grant select, insert, update on publication_attempts to posthaste_worker;
