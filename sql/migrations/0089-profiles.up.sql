-- Old code keeps working: yes.
-- What everybody may know of a person, following, and the ranked feed.

create function app.profiles(ids uuid[]) returns table (user_id uuid, username text, display_name text, bio text, avatar_url text,
  avatar_key text, followers_count bigint, following_count bigint, posts_count bigint, created_at timestamptz)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, u.username, u.display_name, u.bio, u.avatar_url,
    (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb'),
    n.followers_count, n.following_count, n.posts_count, u.created_at
  from users u join app.user_counts(ids) n on n.user_id = u.id
  where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$$;
comment on function app.profiles is 'avatar_key: object key of the picture that was uploaded here, which goes before avatar_url.';
grant execute on function app.profiles(uuid[]) to posthaste_api, posthaste_public;

-- Following twice is following once. Runs under the caller's policies.
create function app.set_follow(person uuid, following boolean) returns table (outcome text, followers_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
begin
  if person = app.user_id() or not exists (select from app.profiles(array[person])) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if set_follow.following then
    insert into user_followers (follower_id, following_id) values (app.user_id(), person)
    on conflict on constraint user_followers_once do nothing;
  else
    delete from user_followers f where f.follower_id = app.user_id() and f.following_id = person;
  end if;
  return query select 'ok', p.followers_count from app.profiles(array[person]) p;
end
$$;
grant execute on function app.set_follow(uuid, boolean) to posthaste_api;

-- Ranks the actor's feed anew where it has expired, or was asked for five minutes ago. Of the 300 people followed last the newest
-- five posts each, what is featured, and what is popular: the best 200 by score, where being new is worth a bonus.
create function app.rank_feed() returns table (items bigint)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  me uuid := app.user_id();
begin
  if me is null then
    return query select 0::bigint;
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('app.rank_feed ' || me, 0));
  if not exists (select from feed_items f where f.user_id = me and f.expires_at > app.now() and f.created_at > app.now() - interval '5 minutes') then
    delete from feed_items f where f.user_id = me;
    insert into feed_items (user_id, community_post_id, score, reason)
    select me, c.id, c.score, c.reason
    from (
      select distinct on (s.id) s.id, s.reason,
        round(p.engagement_score + s.bonus * power(0.5, extract(epoch from app.now() - p.created_at)::numeric / 86400), 4) as score
      from (
        select newest.id, 'following' as reason, 20 as bonus
        from (select f.following_id from user_followers f where f.follower_id = me order by f.id desc limit 300) f
        cross join lateral (
          select p.id from community_posts p
          where p.author_id = f.following_id and p.is_standing and p.visibility in ('public', 'followers_only')
            and p.created_at > app.now() - interval '14 days'
          order by p.id desc limit 5) newest
        union all
        (select p.id, 'featured', 10 from community_posts p where p.is_featured and p.visibility = 'public' and p.is_standing order by p.id desc limit 20)
        union all
        select v.post_id, 'popular', 1 from app.popular_posts(0, 100) v
      ) s join community_posts p on p.id = s.id
      order by s.id, s.bonus desc
    ) c
    order by c.score desc, c.id desc
    limit 200;
  end if;
  return query select count(*) from feed_items f where f.user_id = me;
end
$$;
grant execute on function app.rank_feed() to posthaste_api;
