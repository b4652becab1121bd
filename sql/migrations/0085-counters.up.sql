-- Old code keeps working: yes (the counts that it reads are up to a minute old; what it writes is counted).
-- Counters without a lock: who likes, comments or follows adds a row to counter_deltas, readers add what is not folded yet, and
-- app.fold_counters brings it into the counted rows. sql/README.md says why.

create table counter_deltas (
  id uuid not null default uuidv7(),
  kind text not null,
  target_id uuid not null,
  counter text not null,
  step bigint not null,
  constraint counter_deltas_pkey primary key (id),
  constraint counter_deltas_counter_known check (
    kind = 'post' and counter in ('like_count', 'comment_count', 'share_count', 'save_count', 'view_count', 'click_count')
    or kind = 'comment' and counter in ('like_count', 'reply_count')
    or kind = 'user' and counter in ('followers_count', 'following_count', 'posts_count'))
);
comment on table counter_deltas is 'What has happened to counters since they were last folded. Written by triggers, emptied by app.fold_counters.';
comment on column counter_deltas.target_id is 'Of community_posts, comments or users. Without a foreign key: deltas of what is gone are dropped by the fold.';
create index counter_deltas_target_id_idx on counter_deltas (target_id);
alter table counter_deltas set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 20000);
alter table counter_deltas enable row level security;
create policy counter_deltas_worker on counter_deltas for select to posthaste_worker using (true);
grant select on counter_deltas to posthaste_worker;

create table user_counters (
  user_id uuid not null,
  followers_count bigint not null default 0,
  following_count bigint not null default 0,
  posts_count bigint not null default 0,
  constraint user_counters_pkey primary key (user_id),
  constraint user_counters_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_counters_followers_count_natural check (followers_count >= 0),
  constraint user_counters_following_count_natural check (following_count >= 0),
  constraint user_counters_posts_count_natural check (posts_count >= 0)
);
comment on table user_counters is 'Apart from users, whose version does not change because somebody follows. No row: all zero. Read through app.user_counts.';
alter table user_counters enable row level security;
create policy user_counters_own on user_counters for select to posthaste_api using (user_id = (select app.user_id()));
create policy user_counters_worker on user_counters for select to posthaste_worker using (true);
grant select on user_counters to posthaste_api, posthaste_worker;

drop trigger user_engagement_count on user_engagement;
drop function app.count_engagement();
drop trigger comments_count on comments;
drop function app.count_comment();

create function app.count_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select case when r.comment_id is null then 'post' else 'comment' end, coalesce(r.comment_id, r.community_post_id), r.type || '_count',
    case tg_op when 'DELETE' then -count(*) else count(*) end
  from changed r where r.type <> 'comment'
  group by r.comment_id, r.community_post_id, r.type;
  return null;
end
$$;
create trigger user_engagement_count_insert after insert on user_engagement
  referencing new table as changed for each statement execute function app.count_engagement();
create trigger user_engagement_count_delete after delete on user_engagement
  referencing old table as changed for each statement execute function app.count_engagement();

create function app.count_comments() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select 'post', r.community_post_id, 'comment_count', step * count(*) from changed r where r.is_standing group by r.community_post_id
  union all
  select 'comment', r.parent_id, 'reply_count', step * count(*) from changed r
  where r.is_standing and r.parent_id is not null group by r.parent_id;
  return null;
end
$$;
create trigger comments_count_insert after insert on comments
  referencing new table as changed for each statement execute function app.count_comments();
create trigger comments_count_delete after delete on comments
  referencing old table as changed for each statement execute function app.count_comments();

create function app.count_standing_comment() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  step integer := case when new.is_standing then 1 else -1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step) values ('post', new.community_post_id, 'comment_count', step);
  if new.parent_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('comment', new.parent_id, 'reply_count', step);
  end if;
  return null;
end
$$;
create trigger comments_count_update after update of deleted_at, hidden_at on comments
  for each row when (old.is_standing <> new.is_standing) execute function app.count_standing_comment();

create function app.count_follows() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select 'user', r.following_id, 'followers_count', step * count(*) from changed r group by r.following_id
  union all
  select 'user', r.follower_id, 'following_count', step * count(*) from changed r group by r.follower_id;
  return null;
end
$$;
create trigger user_followers_count_insert after insert on user_followers
  referencing new table as changed for each statement execute function app.count_follows();
create trigger user_followers_count_delete after delete on user_followers
  referencing old table as changed for each statement execute function app.count_follows();

create function app.count_posts() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' and old.is_standing and old.author_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('user', old.author_id, 'posts_count', -1);
  end if;
  if tg_op <> 'DELETE' and new.is_standing and new.author_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('user', new.author_id, 'posts_count', 1);
  end if;
  return null;
end
$$;
create trigger community_posts_count after insert or delete on community_posts for each row execute function app.count_posts();
create trigger community_posts_count_update after update of author_id, deleted_at, hidden_at, project_deleted_at on community_posts
  for each row when (old.is_standing <> new.is_standing or old.author_id is distinct from new.author_id)
  execute function app.count_posts();

create function app.post_counts(ids uuid[]) returns table (post_id uuid, like_count bigint, comment_count bigint, share_count bigint,
  save_count bigint, view_count bigint, click_count bigint)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select p.id, greatest(0, p.like_count + coalesce(d.likes, 0)), greatest(0, p.comment_count + coalesce(d.comments, 0)),
    greatest(0, p.share_count + coalesce(d.shares, 0)), greatest(0, p.save_count + coalesce(d.saves, 0)),
    greatest(0, p.view_count + coalesce(d.views, 0)), greatest(0, p.click_count + coalesce(d.clicks, 0))
  from community_posts p
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'like_count'))::bigint as likes,
      (sum(w.step) filter (where w.counter = 'comment_count'))::bigint as comments,
      (sum(w.step) filter (where w.counter = 'share_count'))::bigint as shares,
      (sum(w.step) filter (where w.counter = 'save_count'))::bigint as saves,
      (sum(w.step) filter (where w.counter = 'view_count'))::bigint as views,
      (sum(w.step) filter (where w.counter = 'click_count'))::bigint as clicks
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'post' group by w.target_id
  ) d on d.target_id = p.id
  where p.id = any (ids)
$$;
comment on function app.post_counts is 'The counts as they are now, to the last committed like. For posts that the caller''s statement has selected under its policies.';

create function app.comment_counts(ids uuid[]) returns table (comment_id uuid, like_count bigint, reply_count bigint)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select c.id, greatest(0, c.like_count + coalesce(d.likes, 0)), greatest(0, c.reply_count + coalesce(d.replies, 0))
  from comments c
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'like_count'))::bigint as likes,
      (sum(w.step) filter (where w.counter = 'reply_count'))::bigint as replies
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'comment' group by w.target_id
  ) d on d.target_id = c.id
  where c.id = any (ids)
$$;

create function app.user_counts(ids uuid[]) returns table (user_id uuid, followers_count bigint, following_count bigint, posts_count bigint)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, greatest(0, coalesce(c.followers_count, 0) + coalesce(d.followers, 0)),
    greatest(0, coalesce(c.following_count, 0) + coalesce(d.following, 0)), greatest(0, coalesce(c.posts_count, 0) + coalesce(d.posts, 0))
  from users u
  left join user_counters c on c.user_id = u.id
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'followers_count'))::bigint as followers,
      (sum(w.step) filter (where w.counter = 'following_count'))::bigint as following,
      (sum(w.step) filter (where w.counter = 'posts_count'))::bigint as posts
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'user' group by w.target_id
  ) d on d.target_id = u.id
  where u.id = any (ids) and u.deleted_at is null
$$;
grant execute on function app.post_counts(uuid[]) to posthaste_api, posthaste_public, posthaste_worker;
grant execute on function app.comment_counts(uuid[]), app.user_counts(uuid[]) to posthaste_api, posthaste_worker;

create function app.engagement_score(likes bigint, comments bigint, shares bigint, saves bigint, clicks bigint, views bigint, age interval)
returns numeric(10, 2)
language sql immutable parallel safe
as $$
  select least(99999999.99, round((likes + 3 * comments + 5 * shares + 4 * saves + 0.5 * clicks + 0.1 * views)
    * power(0.5::numeric, greatest(0, round(extract(epoch from age) / 3600 / 24, 6))), 2))
$$;
comment on function app.engagement_score is
  'Like 1, comment 3, share 5, save 4, click 0.5, view 0.1; halved with every 24 hours of age. Never negative.';
grant execute on function app.engagement_score(bigint, bigint, bigint, bigint, bigint, bigint, interval) to posthaste_worker;
grant update (engagement_score, scored_at) on community_posts to posthaste_worker;

-- Brings waiting deltas into the counted rows: all of those targets that the oldest `take` deltas name. It waits for nobody: what
-- somebody else has locked stays for the next time, so it takes part in no deadlock. One at a time; a second one does nothing.
create function app.fold_counters(take integer) returns table (folded bigint)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  named uuid[];
  held uuid[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('app.fold_counters', 0)) then
    return query select 0::bigint;
    return;
  end if;
  select array_agg(distinct w.target_id) into named from (select d.target_id from counter_deltas d order by d.id limit take) w;
  with post as (
    select p.id from community_posts p where p.id = any (named) order by p.id for no key update skip locked
  ), comment as (
    select c.id from comments c where c.id = any (named) order by c.id for no key update skip locked
  ), person as (
    select u.id from users u where u.id = any (named) order by u.id for key share skip locked
  ), gone as (
    select n.id from unnest(named) n (id)
    where not exists (select from community_posts p where p.id = n.id) and not exists (select from comments c where c.id = n.id)
      and not exists (select from users u where u.id = n.id)
  )
  select array_agg(t.id) into held
  from (select id from post union all select id from comment union all select id from person union all select id from gone) t;

  return query
  with taken as (
    delete from counter_deltas d where d.target_id = any (held) returning d.kind, d.target_id, d.counter, d.step
  ), summed as (
    select t.kind, t.target_id as id, sum(t.step) filter (where t.counter = 'like_count') as likes,
      sum(t.step) filter (where t.counter = 'comment_count') as comments, sum(t.step) filter (where t.counter = 'share_count') as shares,
      sum(t.step) filter (where t.counter = 'save_count') as saves, sum(t.step) filter (where t.counter = 'view_count') as views,
      sum(t.step) filter (where t.counter = 'click_count') as clicks, sum(t.step) filter (where t.counter = 'reply_count') as replies,
      sum(t.step) filter (where t.counter = 'followers_count') as followers,
      sum(t.step) filter (where t.counter = 'following_count') as following, sum(t.step) filter (where t.counter = 'posts_count') as posts
    from taken t group by t.kind, t.target_id
  ), post_now as (
    select p.id, greatest(0, p.like_count + coalesce(s.likes, 0))::bigint as likes,
      greatest(0, p.comment_count + coalesce(s.comments, 0))::bigint as comments,
      greatest(0, p.share_count + coalesce(s.shares, 0))::bigint as shares, greatest(0, p.save_count + coalesce(s.saves, 0))::bigint as saves,
      greatest(0, p.view_count + coalesce(s.views, 0))::bigint as views, greatest(0, p.click_count + coalesce(s.clicks, 0))::bigint as clicks
    from summed s join community_posts p on p.id = s.id where s.kind = 'post'
  ), post_done as (
    update community_posts p
    set like_count = n.likes, comment_count = n.comments, share_count = n.shares, save_count = n.saves, view_count = n.views,
      click_count = n.clicks, scored_at = app.now(),
      engagement_score = app.engagement_score(n.likes, n.comments, n.shares, n.saves, n.clicks, n.views, app.now() - p.created_at)
    from post_now n where p.id = n.id
  ), comment_done as (
    update comments c
    set like_count = greatest(0, c.like_count + coalesce(s.likes, 0)), reply_count = greatest(0, c.reply_count + coalesce(s.replies, 0))
    from summed s where s.kind = 'comment' and c.id = s.id
  ), person_done as (
    insert into user_counters as k (user_id, followers_count, following_count, posts_count)
    select s.id, greatest(0, coalesce(k.followers_count, 0) + coalesce(s.followers, 0)),
      greatest(0, coalesce(k.following_count, 0) + coalesce(s.following, 0)), greatest(0, coalesce(k.posts_count, 0) + coalesce(s.posts, 0))
    from summed s join users u on u.id = s.id left join user_counters k on k.user_id = s.id where s.kind = 'user'
    on conflict on constraint user_counters_pkey do update
      set followers_count = excluded.followers_count, following_count = excluded.following_count, posts_count = excluded.posts_count
  )
  select count(*) from taken;
end
$$;
comment on function app.fold_counters is 'Returns how many deltas were folded. Every minute by the sweep.';
grant execute on function app.fold_counters(integer) to posthaste_worker;

-- Counters that differ from what they count. Reads everything: for maintenance.
create function app.counter_drift() returns table (kind text, id uuid, counter text, stored bigint, actual bigint)
language sql stable security definer set search_path = public, pg_temp
as $$
  with pending as (
    select w.kind, w.target_id, w.counter, sum(w.step)::bigint as step from counter_deltas w group by w.kind, w.target_id, w.counter
  ), counted as (
    select 'post' as kind, e.community_post_id as id, e.type || '_count' as counter, count(*) as n
    from user_engagement e where e.community_post_id is not null and e.type <> 'comment' group by e.community_post_id, e.type
    union all
    select 'comment', e.comment_id, e.type || '_count', count(*) from user_engagement e where e.comment_id is not null group by e.comment_id, e.type
    union all
    select 'post', c.community_post_id, 'comment_count', count(*) from comments c where c.is_standing group by c.community_post_id
    union all
    select 'comment', c.parent_id, 'reply_count', count(*) from comments c where c.is_standing and c.parent_id is not null group by c.parent_id
    union all
    select 'user', f.following_id, 'followers_count', count(*) from user_followers f group by f.following_id
    union all
    select 'user', f.follower_id, 'following_count', count(*) from user_followers f group by f.follower_id
    union all
    select 'user', p.author_id, 'posts_count', count(*) from community_posts p where p.is_standing and p.author_id is not null group by p.author_id
  ), kept as (
    select 'post' as kind, p.id, v.counter, v.n from community_posts p cross join lateral (values ('like_count', p.like_count),
      ('comment_count', p.comment_count), ('share_count', p.share_count), ('save_count', p.save_count), ('view_count', p.view_count),
      ('click_count', p.click_count)) v (counter, n) where v.n <> 0
    union all
    select 'comment', c.id, v.counter, v.n from comments c
    cross join lateral (values ('like_count', c.like_count), ('reply_count', c.reply_count)) v (counter, n) where v.n <> 0
    union all
    select 'user', k.user_id, v.counter, v.n from user_counters k cross join lateral (values ('followers_count', k.followers_count),
      ('following_count', k.following_count), ('posts_count', k.posts_count)) v (counter, n) where v.n <> 0
  ), both_sides as (
    select kind, id, counter, sum(stored)::bigint as stored, sum(actual)::bigint as actual
    from (
      select kind, id, counter, n as stored, 0 as actual from kept
      union all
      select kind, target_id, counter, step, 0 from pending
      union all
      select kind, id, counter, 0, n from counted
    ) s
    group by kind, id, counter
  )
  select b.kind, b.id, b.counter, b.stored, b.actual from both_sides b
  where b.stored <> b.actual and case b.kind
    when 'post' then exists (select from community_posts p where p.id = b.id)
    when 'comment' then exists (select from comments c where c.id = b.id)
    else exists (select from users u where u.id = b.id)
  end
$$;
grant execute on function app.counter_drift() to posthaste_worker;

-- Mends what has drifted, and says what it was. What somebody has locked at this moment is left, and not named.
-- Without nested loops: nothing tells the planner how much has drifted, and many times many rows never ends.
create function app.repair_counters() returns table (kind text, id uuid, counter text, stored bigint, actual bigint)
language plpgsql security definer set search_path = public, pg_temp set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended('app.fold_counters', 0));
  return query
  with drift as materialized (
    select d.* from app.counter_drift() d
  ), missing as (
    select d.kind, d.id, coalesce(sum(d.actual - d.stored) filter (where d.counter = 'like_count'), 0) as likes,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'comment_count'), 0) as comments,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'share_count'), 0) as shares,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'save_count'), 0) as saves,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'view_count'), 0) as views,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'click_count'), 0) as clicks,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'reply_count'), 0) as replies,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'followers_count'), 0) as followers,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'following_count'), 0) as following,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'posts_count'), 0) as posts
    from drift d group by d.kind, d.id
  ), held as (
    select p.id from community_posts p where p.id in (select m.id from missing m where m.kind = 'post') for no key update skip locked
  ), held_comments as (
    select c.id from comments c where c.id in (select m.id from missing m where m.kind = 'comment') for no key update skip locked
  ), held_people as (
    select u.id from users u where u.id in (select m.id from missing m where m.kind = 'user') for key share skip locked
  ), post_done as (
    update community_posts p
    set like_count = p.like_count + m.likes, comment_count = p.comment_count + m.comments, share_count = p.share_count + m.shares,
      save_count = p.save_count + m.saves, view_count = p.view_count + m.views, click_count = p.click_count + m.clicks, scored_at = app.now(),
      engagement_score = app.engagement_score((p.like_count + m.likes)::bigint, (p.comment_count + m.comments)::bigint,
        (p.share_count + m.shares)::bigint, (p.save_count + m.saves)::bigint, (p.click_count + m.clicks)::bigint,
        (p.view_count + m.views)::bigint, app.now() - p.created_at)
    from missing m join held h on h.id = m.id where m.kind = 'post' and p.id = m.id
    returning p.id
  ), comment_done as (
    update comments c set like_count = c.like_count + m.likes, reply_count = c.reply_count + m.replies
    from missing m join held_comments h on h.id = m.id where m.kind = 'comment' and c.id = m.id
    returning c.id
  ), person_done as (
    insert into user_counters (user_id, followers_count, following_count, posts_count)
    select m.id, coalesce(k.followers_count, 0) + m.followers, coalesce(k.following_count, 0) + m.following, coalesce(k.posts_count, 0) + m.posts
    from missing m join held_people h on h.id = m.id left join user_counters k on k.user_id = m.id where m.kind = 'user'
    on conflict on constraint user_counters_pkey do update
      set followers_count = excluded.followers_count, following_count = excluded.following_count, posts_count = excluded.posts_count
    returning user_id as id
  )
  select d.kind, d.id, d.counter, d.stored, d.actual from drift d
  where d.id in (select id from post_done union all select id from comment_done union all select id from person_done)
  order by d.kind, d.id, d.counter;
end
$$;
comment on function app.repair_counters is 'Counters that differed from what they count, as they stood (stored) and as they are now (actual).';
grant execute on function app.repair_counters() to posthaste_worker;

-- What was there before is counted once.
select count(*)::text from app.repair_counters();

create or replace function app.set_like(post uuid, liked boolean) returns table (outcome text, like_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
begin
  if not exists (select from community_posts p where p.id = post and p.is_standing) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if liked then
    insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'like')
    on conflict on constraint user_engagement_once do nothing;
  else
    delete from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like';
  end if;
  return query select 'ok', c.like_count from app.post_counts(array[post]) c;
end
$$;

create or replace function app.add_comment(post uuid, parent uuid, text text)
returns table (outcome text, id uuid, created_at timestamptz, comment_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
declare
  made comments;
begin
  if not exists (select from community_posts p where p.id = post and p.is_standing)
    or (parent is not null and not exists (
      select from comments c where c.community_post_id = post and c.id = parent and c.is_standing)) then
    return query select 'not_found', null::uuid, null::timestamptz, null::bigint;
    return;
  end if;
  insert into comments (community_post_id, author_id, parent_id, text) values (post, app.user_id(), parent, add_comment.text)
  returning * into made;
  insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'comment')
  on conflict on constraint user_engagement_once do nothing;
  return query select 'ok', made.id, made.created_at, c.comment_count from app.post_counts(array[post]) c;
end
$$;
