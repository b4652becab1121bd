-- Old code keeps working: yes.
-- Lists of posts and publications by what people filter and sort by.
-- Outside a transaction: both tables have grown.
-- What a post's status is lies in its publications, so indexes of a post's status, schedule and publication instant are theirs:
-- open holds what is not yet out by state and due instant, published what is. A partial index on `due_at > now()` is refused by
-- PostgreSQL; the range on open reads the same rows. Publications of one post are at most one per account: the unique key finds them.
create index concurrently if not exists posts_content_type_idx on posts (project_id, content_type, id desc)
  where content_type is not null and deleted_at is null;
create index concurrently if not exists posts_tags_idx on posts using gin (tags);
create index concurrently if not exists post_publications_open_idx on post_publications (project_id, state, due_at, id)
  where state <> 'published';
create index concurrently if not exists post_publications_published_idx on post_publications (project_id, published_at desc, id desc)
  where state = 'published';
create index concurrently if not exists post_publications_account_published_idx on post_publications (account_id, published_at desc)
  include (engagement_rate) where published_at is not null;
