-- Old code keeps working: yes.
-- Search over posts, and what comes next of a project, soonest first.
-- Outside a transaction: posts has grown.
create index concurrently if not exists posts_search_idx on posts using gin (search);
create index concurrently if not exists posts_project_due_idx on posts (project_id, due_at, id)
  where deleted_at is null and due_at is not null;
