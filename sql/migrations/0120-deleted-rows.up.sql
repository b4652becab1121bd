-- Old code keeps working: yes.
-- What was deleted is found when its time is over: an index of these rows alone, which are few.
-- Outside a transaction: the tables have grown.
create index concurrently if not exists approval_workflows_deleted_at_idx
  on approval_workflows (deleted_at) where deleted_at is not null;
create index concurrently if not exists clips_deleted_at_idx
  on clips (deleted_at) where deleted_at is not null;
create index concurrently if not exists comments_deleted_at_idx
  on comments (deleted_at) where deleted_at is not null;
create index concurrently if not exists community_posts_deleted_at_idx
  on community_posts (deleted_at) where deleted_at is not null;
create index concurrently if not exists content_deleted_at_idx
  on content (deleted_at) where deleted_at is not null;
create index concurrently if not exists content_categories_deleted_at_idx
  on content_categories (deleted_at) where deleted_at is not null;
create index concurrently if not exists content_templates_deleted_at_idx
  on content_templates (deleted_at) where deleted_at is not null;
create index concurrently if not exists post_variations_deleted_at_idx
  on post_variations (deleted_at) where deleted_at is not null;
create index concurrently if not exists posts_deleted_at_idx
  on posts (deleted_at) where deleted_at is not null;
create index concurrently if not exists projects_deleted_at_idx
  on projects (deleted_at) where deleted_at is not null;
create index concurrently if not exists publishing_schedules_deleted_at_idx
  on publishing_schedules (deleted_at) where deleted_at is not null;
create index concurrently if not exists schedule_slots_deleted_at_idx
  on schedule_slots (deleted_at) where deleted_at is not null;
create index concurrently if not exists webhooks_deleted_at_idx
  on webhooks (deleted_at) where deleted_at is not null;
create index concurrently if not exists notifications_read_at_idx
  on notifications (read_at) where read_at is not null;
