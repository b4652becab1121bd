revoke insert (id, user_id, community_post_id, comment_id, type, metadata) on user_engagement from posthaste_api;
grant insert on user_engagement to posthaste_api;
alter policy user_engagement_own on user_engagement with check (user_id = (select app.user_id())
  and community_post_id in (select p.id from community_posts p where p.id = community_post_id and p.deleted_at is null));
drop index user_engagement_created_at_idx;
drop index user_engagement_type_idx;
delete from user_engagement where community_post_id is null or type = 'comment';
alter table user_engagement
  drop constraint user_engagement_type_known,
  add constraint user_engagement_type_known check (type in ('like', 'share', 'save', 'view', 'click')),
  drop column comment_id,
  drop column value,
  drop column metadata,
  alter column community_post_id set not null;
comment on table user_engagement is null;
comment on column user_engagement.type is null;
