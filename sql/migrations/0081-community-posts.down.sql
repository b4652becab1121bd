revoke insert (id, community_post_id, author_id, parent_id, text), update (text) on comments from posthaste_api;
grant insert on comments to posthaste_api;
drop policy comments_staff on comments;
alter policy comments_insert on comments with check (author_id = (select app.user_id())
  and community_post_id in (select p.id from community_posts p where p.id = community_post_id and p.deleted_at is null));
alter policy comments_read on comments
  using (deleted_at is null and community_post_id in (select p.id from community_posts p where p.id = community_post_id));
drop policy community_posts_staff on community_posts;
drop policy community_posts_followers on community_posts;
alter policy community_posts_public on community_posts using (visibility in ('public', 'unlisted') and deleted_at is null);

drop trigger comments_edited on comments;
drop function app.mark_edited();
drop trigger comments_touch on comments;
drop index comments_created_at_idx;
alter table comments
  drop column is_standing,
  drop column is_edited,
  drop column like_count,
  drop column reply_count,
  drop column edited_at,
  drop column hidden_at,
  drop column updated_at,
  drop column version;
comment on table comments is null;
comment on column comments.parent_id is null;

drop trigger projects_withdraw_community_posts on projects;
drop function app.withdraw_community_posts();
drop trigger community_posts_author on community_posts;
drop function app.find_author();
drop trigger community_posts_touch on community_posts;
drop index community_posts_public_idx, community_posts_created_at_idx;
alter table community_posts
  drop constraint community_posts_share_count_natural,
  drop constraint community_posts_view_count_natural,
  drop column media_type,
  drop column author_id,
  drop column location,
  drop column tags,
  drop column is_featured,
  drop column save_count,
  drop column click_count,
  drop column engagement_score,
  drop column scored_at,
  drop column is_standing,
  drop column hidden_at,
  drop column project_deleted_at,
  drop column updated_at,
  drop column version;
comment on column community_posts.media is null;
create index community_posts_public_idx on community_posts (id desc) where visibility in ('public', 'unlisted') and deleted_at is null;
