create or replace function app.note_engagement() returns trigger
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

create or replace function app.note_comments() returns trigger
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

create or replace function app.note_follows() returns trigger
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
