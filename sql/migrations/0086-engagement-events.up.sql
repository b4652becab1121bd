-- Old code keeps working: yes (triggers note what it does).
-- What happened, one row each, by month: the source of every figure of user_analytics.

create table engagement_events (
  id uuid not null default uuidv7(),
  occurred_at timestamptz not null default app.now(),
  type text not null,
  user_id uuid not null,
  actor_id uuid,
  community_post_id uuid,
  comment_id uuid,
  metadata jsonb not null default '{}',
  constraint engagement_events_pkey primary key (id, occurred_at),
  constraint engagement_events_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint engagement_events_actor_id_fkey foreign key (actor_id) references users (id) on delete set null,
  constraint engagement_events_type_known check (type in ('like', 'unlike', 'comment', 'uncomment', 'share', 'unshare', 'save', 'unsave',
    'view', 'click', 'follow', 'unfollow', 'profile_view')),
  constraint engagement_events_target_fits check (type in ('follow', 'unfollow', 'profile_view') = (community_post_id is null)),
  constraint engagement_events_metadata_object check (jsonb_typeof(metadata) = 'object')
) partition by range (occurred_at);
comment on table engagement_events is 'Append-only, by month. The state that came of it stands in user_engagement, comments and user_followers.';
comment on column engagement_events.user_id is 'Whose figures it changes: the author, who is followed, whose profile was seen.';
comment on column engagement_events.actor_id is 'Who did it; null when they are gone.';
comment on column engagement_events.community_post_id is 'Without a foreign key: what happened to a post remains when the post does not.';
comment on column engagement_events.comment_id is 'The comment that was written or liked. Without a foreign key.';
create index engagement_events_user_idx on engagement_events (user_id, occurred_at);
create index engagement_events_actor_idx on engagement_events (actor_id, occurred_at);
create index engagement_events_post_idx on engagement_events (community_post_id, occurred_at);
-- References may act on it (a person goes); nobody else.
create trigger engagement_events_fixed before update or delete on engagement_events
  for each row when (pg_trigger_depth() = 0) execute function app.refuse_change();
select app.partition_monthly('engagement_events', 12, true);

alter table engagement_events enable row level security;
create policy engagement_events_own on engagement_events for select to posthaste_api using (actor_id = (select app.user_id()));
create policy engagement_events_worker on engagement_events for all to posthaste_worker using (true) with check (true);
create policy engagement_events_reporting on engagement_events for select to posthaste_reporting using (true);
grant select on engagement_events to posthaste_api, posthaste_worker, posthaste_reporting;
grant insert on engagement_events to posthaste_worker;

create function app.note_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- In a cascade the person or the post is gone already: then there is nobody to tell of, or nothing that was taken back. And who is
  -- going at this moment is passed over: whoever deletes them waits for what we hold.
  with about as (
    select r.*, p.id as post_id, case when r.comment_id is null then p.author_id else c.author_id end as author_id
    from changed r
    left join comments c on c.id = r.comment_id
    join community_posts p on p.id = coalesce(r.community_post_id, c.community_post_id)
    where r.type <> 'comment' and (tg_op = 'INSERT' or r.type in ('like', 'share', 'save'))
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.user_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (type, user_id, actor_id, community_post_id, comment_id, metadata)
  select case tg_op when 'DELETE' then 'un' else '' end || a.type, author.id, actor.id, a.post_id, a.comment_id, a.metadata
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.user_id;
  return null;
end
$$;
create trigger user_engagement_note_insert after insert on user_engagement
  referencing new table as changed for each statement execute function app.note_engagement();
create trigger user_engagement_note_delete after delete on user_engagement
  referencing old table as changed for each statement execute function app.note_engagement();

create function app.note_comments() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  with about as (
    select r.id, r.created_at, r.author_id as actor_id, p.id as post_id, p.author_id
    from changed r join community_posts p on p.id = r.community_post_id
    where r.is_standing
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.actor_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (type, user_id, actor_id, community_post_id, comment_id)
  select case tg_op when 'DELETE' then 'uncomment' else 'comment' end, author.id, actor.id, a.post_id, a.id
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.actor_id;
  return null;
end
$$;
create trigger comments_note_insert after insert on comments
  referencing new table as changed for each statement execute function app.note_comments();
create trigger comments_note_delete after delete on comments
  referencing old table as changed for each statement execute function app.note_comments();

create function app.note_standing_comment() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  with about as (
    select p.id as post_id, p.author_id, new.author_id as actor_id from community_posts p where p.id = new.community_post_id
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.actor_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (type, user_id, actor_id, community_post_id, comment_id)
  select case when new.is_standing then 'comment' else 'uncomment' end, author.id, actor.id, a.post_id, new.id
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.actor_id;
  return null;
end
$$;
create trigger comments_note_update after update of deleted_at, hidden_at on comments
  for each row when (old.is_standing <> new.is_standing) execute function app.note_standing_comment();

create function app.note_follows() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  with about as (
    select r.* from changed r
  ), held as materialized (
    select u.id from users u where u.id in (select a.following_id from about a union select a.follower_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (type, user_id, actor_id)
  select case tg_op when 'DELETE' then 'unfollow' else 'follow' end, person.id, actor.id
  from about a join held person on person.id = a.following_id left join held actor on actor.id = a.follower_id;
  return null;
end
$$;
create trigger user_followers_note_insert after insert on user_followers
  referencing new table as changed for each statement execute function app.note_follows();
create trigger user_followers_note_delete after delete on user_followers
  referencing old table as changed for each statement execute function app.note_follows();

-- A view, click, share or save by the actor. Who looks again is counted once, and noted each time.
create function app.engage(post uuid, kind text, metadata jsonb) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  person uuid := app.user_id();
  author uuid;
begin
  select p.author_id into author from community_posts p where p.id = post and p.id = any (app.visible_posts(array[post]));
  if person is null or kind not in ('view', 'click', 'share', 'save') or not found then
    return query select 'not_found';
    return;
  end if;
  insert into user_engagement (user_id, community_post_id, type, metadata) values (person, post, kind, engage.metadata)
  on conflict on constraint user_engagement_once do nothing;
  if not found and kind in ('view', 'click') and author is not null then
    insert into engagement_events (type, user_id, actor_id, community_post_id, metadata) values (kind, author, person, post, engage.metadata);
  end if;
  return query select 'ok';
end
$$;
comment on function app.engage is 'kind: view, click, share, save. metadata: surface, referrer. not_found where the actor cannot see the post.';

-- Of these posts those that stand and that the actor may see; without an actor, the public ones.
create function app.visible_posts(ids uuid[]) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(p.id), '{}') from community_posts p
  where p.id = any (ids) and p.is_standing and (p.visibility in ('public', 'unlisted')
    or p.visibility = 'followers_only' and p.author_id = any ((select app.following())::uuid[])
    or p.project_id = any ((select app.projects_of('read'))::uuid[]))
$$;

create function app.view_profile(person uuid) returns table (outcome text)
language sql security definer set search_path = public, pg_temp
as $$
  with noted as (
    insert into engagement_events (type, user_id, actor_id)
    select 'profile_view', u.id, app.user_id() from users u
    where u.id = person and u.status = 'active' and u.deleted_at is null and u.id <> app.user_id()
  )
  select 'ok' from users u where u.id = person and u.status = 'active' and u.deleted_at is null
$$;
comment on function app.view_profile is 'Notes that the actor saw somebody''s profile; their own is no view. No row: there is no such person.';
grant execute on function app.engage(uuid, text, jsonb), app.visible_posts(uuid[]), app.view_profile(uuid) to posthaste_api;
