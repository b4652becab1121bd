-- Old code keeps working: yes.
-- What quotas count, and the rows of the log that one request wrote.
-- Outside a transaction: these tables have grown.
create index concurrently if not exists media_stored_bytes_idx on media (project_id) include (bytes, declared_bytes)
  where deleted_at is null and status <> 'failed';
create index concurrently if not exists media_stored_by_idx on media (created_by) include (bytes, declared_bytes)
  where deleted_at is null and status <> 'failed';
create index concurrently if not exists posts_created_by_due_idx on posts (created_by, due_at)
  where deleted_at is null and due_at is not null;
create index concurrently if not exists audit_log_request_id_idx on audit_log (request_id, id desc) where request_id is not null;
