drop function app.alert_failures(integer);
drop index outbox_events_failed_post_idx;
drop index outbox_events_unalerted_idx;
alter table outbox_events drop column alerted_at;
create or replace function app.profiles(ids uuid[]) returns table (user_id uuid, username text, display_name text, bio text, avatar_url text,
  avatar_key text, followers_count bigint, following_count bigint, posts_count bigint, created_at timestamptz)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, u.username, u.display_name, u.bio, u.avatar_url,
    (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb'),
    n.followers_count, n.following_count, n.posts_count, u.created_at
  from users u join app.user_counts(ids) n on n.user_id = u.id
  where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$$;
drop function app.avatar_of(uuid);
drop table user_avatars;
drop function app.drop_avatar_objects();
update user_preferences set time_zone = 'UTC' where time_zone is null;
alter table user_preferences
  alter column time_zone set default 'UTC',
  alter column time_zone set not null;
comment on column user_preferences.time_zone is null;
