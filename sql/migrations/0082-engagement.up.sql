-- Old code keeps working: yes (what it writes is about posts, as before).
-- What people do with posts and comments: the present state. What happened when stands in engagement_events.

alter table user_engagement
  alter column community_post_id drop not null,
  add column comment_id uuid,
  add column value numeric(5, 2) not null default 1,
  add column metadata jsonb not null default '{}',
  add constraint user_engagement_comment_once unique (user_id, comment_id, type),
  add constraint user_engagement_comment_id_fkey foreign key (comment_id) references comments (id) on delete cascade,
  add constraint user_engagement_one_target check (num_nonnulls(community_post_id, comment_id) = 1),
  add constraint user_engagement_comments_are_liked check (comment_id is null or type = 'like'),
  add constraint user_engagement_metadata_object check (jsonb_typeof(metadata) = 'object'),
  drop constraint user_engagement_type_known,
  add constraint user_engagement_type_known check (type in ('like', 'share', 'comment', 'save', 'view', 'click'));
comment on table user_engagement is 'Who likes, shares, saves … what, now. One row per person, target and type, for as long as it is so.';
comment on column user_engagement.type is '`comment`: has commented at some time. Comments are counted from comments.';
comment on column user_engagement.value is 'Weight, where a kind has degrees.';
comment on column user_engagement.metadata is 'Where it was done: surface, referrer.';
create index user_engagement_comment_idx on user_engagement (comment_id, type);
create index user_engagement_type_idx on user_engagement (type, created_at);
create index user_engagement_created_at_idx on user_engagement (created_at);
create index user_engagement_metadata_idx on user_engagement using gin (metadata);

-- When it was is not for them to say.
revoke insert on user_engagement from posthaste_api;
grant insert (id, user_id, community_post_id, comment_id, type, metadata) on user_engagement to posthaste_api;

alter policy user_engagement_own on user_engagement with check (user_id = (select app.user_id()) and (
  community_post_id in (select p.id from community_posts p where p.id = user_engagement.community_post_id and p.is_standing)
  or comment_id in (select c.id from comments c where c.id = user_engagement.comment_id and c.is_standing)));
