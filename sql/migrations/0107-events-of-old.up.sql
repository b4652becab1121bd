-- Old code keeps working: yes (what is done now has been done now).
-- What is imported happened when its row says, not when it came here: nobody gained a year's followers on one day.

create or replace function app.note_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- In a cascade the person or the post is gone already: then there is nobody to tell of, or nothing that was taken back.
  insert into engagement_events (occurred_at, type, user_id, actor_id, community_post_id, comment_id, metadata)
  select case tg_op when 'INSERT' then r.created_at else app.now() end,
    case tg_op when 'DELETE' then 'un' else '' end || r.type, author.id, actor.id, p.id, r.comment_id, r.metadata
  from changed r
  left join comments c on c.id = r.comment_id
  join community_posts p on p.id = coalesce(r.community_post_id, c.community_post_id)
  join users author on author.id = case when r.comment_id is null then p.author_id else c.author_id end
  left join users actor on actor.id = r.user_id
  where r.type <> 'comment' and (tg_op = 'INSERT' or r.type in ('like', 'share', 'save'));
  return null;
end
$$;

create or replace function app.note_comments() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into engagement_events (occurred_at, type, user_id, actor_id, community_post_id, comment_id)
  select case tg_op when 'INSERT' then r.created_at else app.now() end,
    case tg_op when 'DELETE' then 'uncomment' else 'comment' end, author.id, actor.id, p.id, r.id
  from changed r
  join community_posts p on p.id = r.community_post_id
  join users author on author.id = p.author_id
  left join users actor on actor.id = r.author_id
  where r.is_standing;
  return null;
end
$$;

create or replace function app.note_follows() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into engagement_events (occurred_at, type, user_id, actor_id)
  select case tg_op when 'INSERT' then r.created_at else app.now() end,
    case tg_op when 'DELETE' then 'unfollow' else 'follow' end, person.id, actor.id
  from changed r join users person on person.id = r.following_id left join users actor on actor.id = r.follower_id;
  return null;
end
$$;
