-- Old code keeps working: yes (a time zone that was never chosen reads as null; new columns have defaults or may be null).
-- What a person chooses: a picture, a time zone that may be left open, and whether a failed post is told by mail.

alter table user_preferences
  alter column time_zone drop default,
  alter column time_zone drop not null;
comment on column user_preferences.time_zone is 'Zone of new projects and of wall times that bring none. Null: not chosen, the project''s clock holds.';

create table user_avatars (
  id uuid not null default uuidv7(),
  user_id uuid not null default app.user_id(),
  status text not null default 'pending_upload',
  declared_mime_type text not null,
  declared_bytes integer not null,
  upload_expires_at timestamptz not null default app.now() + interval '15 minutes',
  failure_code text,
  failure_reason text,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint user_avatars_pkey primary key (id),
  constraint user_avatars_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_avatars_status_known check (status in ('pending_upload', 'processing', 'ready', 'failed')),
  constraint user_avatars_failure_fits check ((status = 'failed') = (failure_code is not null) and (failure_code is null) = (failure_reason is null)),
  constraint user_avatars_declared_bytes_positive check (declared_bytes > 0)
);
comment on table user_avatars is
  'Pictures of people: the newest ready one is shown, an older one goes when the next is ready. Objects lie under media/avatars/<id>/, the upload under uploads/avatars/<id>.';
create index user_avatars_user_id_idx on user_avatars (user_id, id desc);
create index user_avatars_open_idx on user_avatars (upload_expires_at) where status in ('pending_upload', 'processing');
alter table user_avatars enable row level security;
create policy user_avatars_own on user_avatars for all to posthaste_api
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
create policy user_avatars_worker on user_avatars for all to posthaste_worker using (true) with check (true);
grant select, insert (user_id, declared_mime_type, declared_bytes), delete on user_avatars to posthaste_api;
grant select, update (status, failure_code, failure_reason, updated_at), delete on user_avatars to posthaste_worker;

-- Whatever ends the row, its person's erasure too: the objects go with the sweep.
create function app.drop_avatar_objects() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into outbox_events (kind, payload) values ('objects.deleted', jsonb_build_object('keys', jsonb_build_array(
    'uploads/avatars/' || old.id, 'media/avatars/' || old.id || '/64.webp', 'media/avatars/' || old.id || '/256.webp',
    'media/avatars/' || old.id || '/512.webp')));
  return null;
end
$$;
create trigger user_avatars_objects after delete on user_avatars for each row execute function app.drop_avatar_objects();
create trigger user_avatars_audit after insert or update or delete on user_avatars for each row
  execute function app.audit('{id}', '', 'user_id', '{status}', '{}', '{}');

create function app.avatar_of(person uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp
as $$
  select a.id from user_avatars a where a.user_id = person and a.status = 'ready' order by a.id desc limit 1
$$;
comment on function app.avatar_of is 'The picture that everybody may see of a person: its objects are media/avatars/<id>/64.webp, 256.webp and 512.webp.';
grant execute on function app.avatar_of(uuid) to posthaste_api, posthaste_public;

create or replace function app.profiles(ids uuid[]) returns table (user_id uuid, username text, display_name text, bio text, avatar_url text,
  avatar_key text, followers_count bigint, following_count bigint, posts_count bigint, created_at timestamptz)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, u.username, u.display_name, u.bio, u.avatar_url,
    coalesce('media/avatars/' || app.avatar_of(u.id) || '/256.webp',
      (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb')),
    n.followers_count, n.following_count, n.posts_count, u.created_at
  from users u join app.user_counts(ids) n on n.user_id = u.id
  where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$$;

alter table outbox_events add column alerted_at timestamptz;
comment on column outbox_events.alerted_at is 'When app.alert_failures took a publication.failed into account; dispatched_at is its other consumers''.';
-- What failed before is no news.
update outbox_events set alerted_at = created_at where kind = 'publication.failed';
create index outbox_events_unalerted_idx on outbox_events (created_at) where kind = 'publication.failed' and alerted_at is null;
create index outbox_events_failed_post_idx on outbox_events ((payload ->> 'postId')) where kind = 'publication.failed';

create function app.alert_failures(row_limit integer) returns table (outcome text, events integer, mails integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  taken uuid[];
  failed_posts uuid[];
  written integer;
begin
  -- One at a time: a post whose failures two sweeps took would be told twice.
  perform pg_advisory_xact_lock(hashtextextended('app.alert_failures', 0));
  -- Publications of one post fail within the same minutes: they are told together.
  select array_agg(e.id), array_agg(distinct (e.payload ->> 'postId')::uuid) into taken, failed_posts
  from (
    select o.id, o.payload from outbox_events o
    where o.kind = 'publication.failed' and o.alerted_at is null and o.created_at < app.now() - interval '2 minutes'
    order by o.created_at limit row_limit) e;
  if taken is null then
    return query select 'ok', 0, 0;
    return;
  end if;
  insert into outbox_events (kind, user_id, payload)
  select 'mail', u.id, jsonb_build_object('template', 'post-failed', 'to', u.email, 'name', u.display_name, 'postId', p.id,
    'project', pr.name, 'excerpt', left(p.text, 140), 'failures', f.failures)
  from posts p
  join projects pr on pr.id = p.project_id and pr.deleted_at is null
  join users u on u.id = p.created_by and u.status = 'active' and u.deleted_at is null and u.email_verified_at is not null
  join project_collaborators c on c.project_id = p.project_id and c.user_id = u.id
  left join user_preferences w on w.user_id = u.id
  cross join lateral (
    select jsonb_agg(jsonb_build_object('platform', pp.platform, 'handle', a.handle, 'reason', left(pp.failure_message, 300)) order by pp.id) as failures
    from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
    where pp.project_id = p.project_id and pp.post_id = p.id and pp.state = 'failed') f
  where p.id = any (failed_posts) and p.deleted_at is null and f.failures is not null
    and coalesce(w.email_notifications, true) and coalesce(w.post_failure_alerts, true)
    and not exists (
      select from outbox_events told
      where told.kind = 'publication.failed' and told.payload ->> 'postId' = p.id::text and told.alerted_at > app.now() - interval '1 day');
  get diagnostics written = row_count;
  update outbox_events o set alerted_at = app.now() where o.id = any (taken);
  return query select 'ok', cardinality(taken), written;
end
$$;
comment on function app.alert_failures is
  'One mail a post and day to its author, where both preferences allow it and the author is still a member; written in the transaction that notes it.';
grant execute on function app.alert_failures(integer) to posthaste_worker;
