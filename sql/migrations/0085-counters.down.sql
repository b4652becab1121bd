create or replace function app.set_like(post uuid, liked boolean) returns table (outcome text, like_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
begin
  if not exists (select from community_posts p where p.id = post and p.deleted_at is null) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if liked then
    insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'like')
    on conflict on constraint user_engagement_once do nothing;
  else
    delete from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like';
  end if;
  return query select 'ok', p.like_count from community_posts p where p.id = post;
end
$$;

create or replace function app.add_comment(post uuid, parent uuid, text text)
returns table (outcome text, id uuid, created_at timestamptz, comment_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
declare
  made comments;
begin
  if not exists (select from community_posts p where p.id = post and p.deleted_at is null)
    or (parent is not null and not exists (
      select from comments c where c.community_post_id = post and c.id = parent and c.deleted_at is null)) then
    return query select 'not_found', null::uuid, null::timestamptz, null::bigint;
    return;
  end if;
  insert into comments (community_post_id, author_id, parent_id, text) values (post, app.user_id(), parent, add_comment.text)
  returning * into made;
  return query select 'ok', made.id, made.created_at, p.comment_count from community_posts p where p.id = post;
end
$$;

select f.folded::text from app.fold_counters(2147483647) f;
drop function app.repair_counters();
drop function app.counter_drift();
drop function app.fold_counters(integer);
revoke update (engagement_score, scored_at) on community_posts from posthaste_worker;
drop function app.engagement_score(bigint, bigint, bigint, bigint, bigint, bigint, interval);
drop function app.user_counts(uuid[]);
drop function app.comment_counts(uuid[]);
drop function app.post_counts(uuid[]);
drop trigger community_posts_count_update on community_posts;
drop trigger community_posts_count on community_posts;
drop function app.count_posts();
drop trigger user_followers_count_delete on user_followers;
drop trigger user_followers_count_insert on user_followers;
drop function app.count_follows();
drop trigger comments_count_update on comments;
drop function app.count_standing_comment();
drop trigger comments_count_delete on comments;
drop trigger comments_count_insert on comments;
drop function app.count_comments();
drop trigger user_engagement_count_delete on user_engagement;
drop trigger user_engagement_count_insert on user_engagement;
drop function app.count_engagement();

create function app.count_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  post uuid := case tg_op when 'DELETE' then old.community_post_id else new.community_post_id end;
  kind text := case tg_op when 'DELETE' then old.type else new.type end;
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  update community_posts p
  set like_count = p.like_count + case kind when 'like' then step else 0 end,
    share_count = p.share_count + case kind when 'share' then step else 0 end,
    view_count = p.view_count + case kind when 'view' then step else 0 end
  where p.id = post;
  return null;
end
$$;
create trigger user_engagement_count after insert or delete on user_engagement
  for each row execute function app.count_engagement();

create function app.count_comment() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  before_it integer := 0;
  after_it integer := 0;
begin
  if tg_op <> 'INSERT' then before_it := (old.deleted_at is null)::integer; end if;
  if tg_op <> 'DELETE' then after_it := (new.deleted_at is null)::integer; end if;
  if before_it <> after_it then
    update community_posts p set comment_count = p.comment_count + after_it - before_it
    where p.id = case tg_op when 'DELETE' then old.community_post_id else new.community_post_id end;
  end if;
  return null;
end
$$;
create trigger comments_count after insert or update of deleted_at or delete on comments
  for each row execute function app.count_comment();

drop table user_counters;
drop table counter_deltas;
