-- Old code keeps working: yes (what is new has defaults; it still writes every column it wrote).
-- What posts and publications say of themselves beyond the artery, what counts as a change of them, and what a post may still do.

alter table posts
  add column title text,
  add column slug text,
  add column content_type text,
  add column tags text[] not null default '{}',
  add column language text,
  add column location text,
  add column content_id uuid,
  add column clip_id uuid,
  add column analytics jsonb not null default '{}',
  add constraint posts_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete set null (content_id),
  add constraint posts_clip_fkey foreign key (project_id, clip_id) references clips (project_id, id) on delete set null (clip_id),
  add constraint posts_title_length check (length(title) between 1 and 255),
  add constraint posts_slug_form check (slug ~ '^\w+(-+\w+)*$' and slug = lower(slug) and length(slug) <= 255),
  add constraint posts_content_type_known check (content_type in ('text', 'image', 'video', 'carousel', 'story', 'reel', 'mixed', 'short', 'audio')),
  add constraint posts_tags_few check (cardinality(tags) <= 50),
  add constraint posts_language_shape check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  add constraint posts_location_length check (length(location) between 1 and 255),
  add constraint posts_analytics_object check (jsonb_typeof(analytics) = 'object');
create unique index posts_slug_key on posts (project_id, slug) where slug is not null and deleted_at is null;
create index posts_content_idx on posts (project_id, content_id);
create index posts_clip_idx on posts (project_id, clip_id);
comment on column posts.title is 'For platforms that have one, and for people who look for it.';
comment on column posts.slug is 'Readable name in URLs, one live post of the project each.';
comment on column posts.content_type is 'What kind of post it is meant to be; null: as its media say.';
comment on column posts.tags is 'Labels of the team. Hashtags are what the text says, in post_hashtags.';
comment on column posts.language is 'BCP 47, such as en or pt-BR. Null: not said.';
comment on column posts.location is 'Where, in the author''s words.';
comment on column posts.content_id is 'What it was made of.';
comment on column posts.clip_id is 'The clip it shows.';
comment on column posts.analytics is 'Aggregated numbers that came with an import. Those of our own publications are summed in post_overview.';
comment on column posts.wall_time is 'The wall time that the author chose, in time_zone; due_at is what the two resolve to.';
comment on column posts.external_id is 'The caller''s own id, one live post of the project each.';
comment on column posts.metrics_requested_at is 'When a person last asked for fresh numbers.';

alter table post_publications
  add column impressions bigint,
  add column reach bigint,
  add column saves bigint,
  add column clicks bigint,
  add column engagement_rate numeric(5, 2),
  add column analytics jsonb not null default '{}',
  add column metadata jsonb not null default '{}',
  add column failed_at timestamptz,
  add column last_retry_at timestamptz,
  add column revision integer not null default 0,
  add column retry_count integer generated always as (greatest(attempts - 1, 0)) virtual,
  add column total_engagement bigint generated always as
    (coalesce(views, 0) + coalesce(likes, 0) + coalesce(shares, 0) + coalesce(comments, 0)) virtual,
  add constraint post_publications_engagement_rate_percent check (engagement_rate between 0 and 100),
  add constraint post_publications_attempts_natural check (attempts >= 0),
  add constraint post_publications_numbers_natural check (likes >= 0 and comments >= 0 and shares >= 0 and views >= 0
    and impressions >= 0 and reach >= 0 and saves >= 0 and clicks >= 0),
  add constraint post_publications_analytics_object check (jsonb_typeof(analytics) = 'object'),
  add constraint post_publications_metadata_object check (jsonb_typeof(metadata) = 'object');
comment on column post_publications.likes is 'As the latest snapshot told; null: the platform does not tell. Likewise the other numbers.';
comment on column post_publications.engagement_rate is
  'Likes, comments, shares and saves in percent of the people reached, else of impressions, else of views; at most 100, null without any of them.';
comment on column post_publications.analytics is 'What the platform told beyond the columns, by its own names.';
comment on column post_publications.metadata is 'The caller''s own data.';
comment on column post_publications.metrics_at is 'When the platform was last asked for numbers and told them.';
comment on column post_publications.failed_at is 'When it last became failed; stays when it is tried again.';
comment on column post_publications.last_retry_at is 'When the latest attempt after the first one began.';
comment on column post_publications.revision is 'Raised by every change of what is published: what was prepared for another revision is worthless.';
comment on column post_publications.retry_count is 'Attempts after the first.';
comment on column post_publications.total_engagement is 'Views, likes, shares and comments together.';

-- The owner of the schema: migrations, imports, and what runs with the owner's rights.
create function app.is_owner() returns boolean
language sql stable parallel safe
as $$select pg_has_role(current_user, 'posthaste_migrator', 'member')$$;
comment on function app.is_owner is
  'Whether the statement runs with the rights of the schema''s owner. To be asked in WHEN of a trigger or without security definer: inside one it is always true.';
grant execute on function app.is_owner() to posthaste_api, posthaste_worker;

-- version and updated_at tell of what a person would call a change. Leases, claims and numbers are none.
drop trigger posts_touch on posts;
create trigger posts_touch before update on posts for each row
  when ((old.metrics_requested_at, old.analytics) is not distinct from (new.metrics_requested_at, new.analytics))
  execute function app.touch();
drop trigger post_publications_touch on post_publications;
create trigger post_publications_touch before update on post_publications for each row
  when ((old.project_id, old.post_id, old.account_id, old.state, old.text, old.options, old.metadata, old.due_at, old.platform_post_id,
      old.url, old.platform_published_at, old.published_at, old.failure_class, old.failure_code, old.failure_message, old.removed_at)
    is distinct from (new.project_id, new.post_id, new.account_id, new.state, new.text, new.options, new.metadata, new.due_at,
      new.platform_post_id, new.url, new.platform_published_at, new.published_at, new.failure_class, new.failure_code,
      new.failure_message, new.removed_at))
  execute function app.touch();

create or replace function app.guard_publication() returns trigger
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
    if old.attempts > 0 then
      new.last_retry_at := app.now();
    end if;
  elsif new.state = 'published' then
    new.published_at := app.now();
    new.next_metrics_at := app.now() + interval '60 seconds';
  elsif new.state = 'failed' then
    new.failed_at := app.now();
  end if;
  return new;
end
$$;

-- A publication begins at the beginning: its later states are reached, not written. Imports bring what has been.
create function app.guard_new_publication() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if new.state not in ('draft', 'pending_approval', 'scheduled') then
    raise exception 'a publication cannot begin as %', new.state using errcode = 'PH001';
  end if;
  -- The lock keeps the post from being deleted until the publication is seen.
  perform from posts p where p.project_id = new.project_id and p.id = new.post_id and p.deleted_at is not null for share;
  if found then
    raise exception 'a deleted post gets no publications' using errcode = 'PH002';
  end if;
  return new;
end
$$;
create trigger post_publications_begin before insert on post_publications
  for each row when (not app.is_owner()) execute function app.guard_new_publication();

-- What one account publishes can be edited until it is on its way. What was prepared of it is dropped.
create function app.edit_publication() returns trigger
language plpgsql
as $$
begin
  if old.state in ('publishing', 'processing', 'published', 'unknown') then
    raise exception 'a publication that is % cannot be edited', old.state using errcode = 'PH001';
  end if;
  new.revision := old.revision + 1;
  new.prepared := null;
  new.prepared_ready := false;
  new.prepared_expires_at := null;
  return new;
end
$$;
create trigger post_publications_edit before update of text, options on post_publications
  for each row when ((old.text, old.options) is distinct from (new.text, new.options)) execute function app.edit_publication();

-- What posts say has changed: what was prepared of it, or is being prepared, is worthless.
create function app.revise_posts(ids uuid[]) returns void
language sql security definer set search_path = public, pg_temp
as $$
  update post_publications pp
  set revision = pp.revision + 1, prepared = null, prepared_ready = false, prepared_expires_at = null
  where pp.post_id = any (ids) and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    and (pp.prepared is not null or pp.prepare_lease_until is not null)
$$;

-- Checked at the end of the statement: whoever changes a post and its publications at once is judged by the outcome.
create function app.guard_post() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  states text[];
  speaking text[];
begin
  if old.deleted_at is not null and new.deleted_at is not null then
    raise exception 'a deleted post does not change' using errcode = 'PH002';
  end if;
  -- Locked, so that no worker takes one up with the old text.
  select coalesce(array_agg(l.state), '{}'), coalesce(array_agg(l.state) filter (where l.text is null), '{}') into states, speaking
  from (
    select pp.state, pp.text from post_publications pp
    where pp.post_id = new.id and pp.state <> 'cancelled' order by pp.id for share
  ) l;
  if old.deleted_at is null and new.deleted_at is not null
    and states && '{pending_approval,scheduled,queued,publishing,processing,unknown}' then
    raise exception 'a post cannot be deleted while its publications wait or are on their way' using errcode = 'PH002';
  end if;
  if (old.text, old.title) is distinct from (new.text, new.title) then
    if speaking && '{publishing,processing,published,unknown}' then
      raise exception 'what is published or on its way cannot be edited' using errcode = 'PH002';
    end if;
    perform app.revise_posts(array[new.id]);
  end if;
  if (old.schedule_type, old.due_at, old.wall_time, old.time_zone) is distinct from (new.schedule_type, new.due_at, new.wall_time, new.time_zone) then
    if states && '{publishing,processing,published,unknown}' then
      raise exception 'what is published or on its way cannot be scheduled anew' using errcode = 'PH002';
    end if;
    if new.schedule_type = 'draft' and states && '{scheduled,queued}' then
      raise exception 'a post is no draft while its publications are scheduled' using errcode = 'PH002';
    end if;
  end if;
  if old.deleted_at is null and new.deleted_at is not null then
    update post_publications pp set state = 'cancelled' where pp.post_id = new.id and pp.state in ('draft', 'failed');
  end if;
  return null;
end
$$;
comment on function app.guard_post is
  'What a post may do, by its publications (PH002). Text and title: until one that speaks the post''s text is on its way. Schedule: until any is. Deleting: when none waits or is on its way; drafts and failures are cancelled with it. A deleted post can only come back.';
create trigger posts_guard after update of text, title, schedule_type, due_at, wall_time, time_zone, deleted_at on posts
  for each row when ((old.text, old.title, old.schedule_type, old.due_at, old.wall_time, old.time_zone, old.deleted_at)
    is distinct from (new.text, new.title, new.schedule_type, new.due_at, new.wall_time, new.time_zone, new.deleted_at))
  execute function app.guard_post();

-- Under whose name a post stands in the community, and who may not approve it, is not for its writer to choose.
create function app.sign_post() returns trigger
language plpgsql
as $$
begin
  new.created_by := app.user_id();
  return new;
end
$$;
create trigger posts_sign before insert on posts for each row when (not app.is_owner()) execute function app.sign_post();

-- The same for media: the post's until one publication shows them, a publication's own until it does.
create function app.guard_post_media() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  row post_media := case tg_op when 'DELETE' then old else new end;
begin
  perform from post_publications pp
  where pp.project_id = row.project_id and pp.post_id = row.post_id and pp.state in ('publishing', 'processing', 'published', 'unknown')
    and case when row.publication_id is null
      then not exists (select from post_media own where own.project_id = pp.project_id and own.publication_id = pp.id)
      else pp.id = row.publication_id
    end;
  if found then
    raise exception 'the media of what is published or on its way stay' using errcode = 'PH002';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger post_media_guard before insert or update or delete on post_media
  for each row when (not app.is_owner()) execute function app.guard_post_media();

-- At the end of the statement: a door writes post, publications and media in one. Media under another post's publication would
-- take that publication's own from view, unseen by whoever approved them.
create function app.guard_media_place() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not exists (
    select from post_publications pp where pp.project_id = new.project_id and pp.post_id = new.post_id and pp.id = new.publication_id) then
    raise exception 'the publication is of another post' using errcode = 'PH002';
  end if;
  return null;
end
$$;
create trigger post_media_place after insert or update of post_id, publication_id on post_media
  for each row when (new.publication_id is not null) execute function app.guard_media_place();

create function app.change_media() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  posts uuid[] := array(select distinct c.post_id from changed c);
begin
  if posts <> '{}' then
    perform app.revise_posts(posts);
  end if;
  return null;
end
$$;
create trigger post_media_add after insert on post_media referencing new table as changed
  for each statement execute function app.change_media();
create trigger post_media_alter after update on post_media referencing new table as changed
  for each statement execute function app.change_media();
create trigger post_media_take after delete on post_media referencing old table as changed
  for each statement execute function app.change_media();

-- What doors may change, by column: numbers, leases of the worker and the owner of a row are not theirs.
revoke insert, update on posts from posthaste_api;
grant insert (id, project_id, created_by, text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, title, slug, content_type,
    tags, language, location, content_id, clip_id),
  update (text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, title, slug, content_type, tags, language, location,
    content_id, clip_id, metrics_requested_at, deleted_at)
  on posts to posthaste_api;
revoke insert, update on post_publications from posthaste_api;
grant insert (id, project_id, post_id, account_id, platform, text, options, metadata, state, due_at, scheduled_at),
  update (text, options, metadata, state, due_at, next_attempt_at, generation, lease_token, lease_until, prepared, prepared_ready,
    prepared_expires_at, prepare_lease_until, platform_post_id, url, failure_class, failure_code, failure_message, removed_at,
    next_metrics_at, metrics_lease_until)
  on post_publications to posthaste_api;

create view post_overview with (security_invoker = true) as
  select p.id, p.project_id, p.created_by, p.title, p.slug, p.text, p.content_type, p.schedule_type, p.due_at, p.deleted_at,
    app.post_status(s.states) as status, s.is_scheduled, s.published_at, s.failed_at, s.error_message, s.retry_count, s.last_retry_at,
    s.likes, s.comments, s.shares, s.views, s.impressions, s.reach, s.saves, s.clicks, s.total_engagement, s.metrics_at,
    p.analytics || jsonb_strip_nulls(jsonb_build_object('likes', s.likes, 'comments', s.comments, 'shares', s.shares, 'views', s.views,
      'impressions', s.impressions, 'reach', s.reach, 'saves', s.saves, 'clicks', s.clicks)) as analytics,
    greatest(p.updated_at, s.updated_at) as updated_at
  from posts p
  cross join lateral (
    select coalesce(array_agg(pp.state), '{}') as states, coalesce(bool_or(pp.state in ('scheduled', 'queued')), false) as is_scheduled,
      min(pp.published_at) as published_at, max(pp.failed_at) filter (where pp.state = 'failed') as failed_at,
      (array_agg(pp.failure_message order by pp.failed_at desc nulls last, pp.id desc) filter (where pp.state = 'failed'))[1] as error_message,
      coalesce(sum(pp.retry_count), 0)::integer as retry_count, max(pp.last_retry_at) as last_retry_at,
      sum(pp.likes)::bigint as likes, sum(pp.comments)::bigint as comments, sum(pp.shares)::bigint as shares, sum(pp.views)::bigint as views,
      sum(pp.impressions)::bigint as impressions, sum(pp.reach)::bigint as reach, sum(pp.saves)::bigint as saves,
      sum(pp.clicks)::bigint as clicks, coalesce(sum(pp.total_engagement), 0)::bigint as total_engagement,
      max(pp.metrics_at) as metrics_at, max(pp.updated_at) as updated_at
    from post_publications pp where pp.post_id = p.id
  ) s;
comment on view post_overview is
  'A post with what its publications make of it: status, the first instant it was published, the latest failure, retries, and the sums of their numbers. Read under the reader''s own policies; publications are found by the index on the post.';
grant select on post_overview to posthaste_api, posthaste_worker;
