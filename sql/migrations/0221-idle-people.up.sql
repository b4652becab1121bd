-- Old code keeps working: yes.
-- Who can manage nothing: from them the projects are found that nobody manages any more.
-- Outside a transaction: the table has grown.
create index concurrently if not exists users_idle_idx on users (id) where deleted_at is null and (status <> 'active' or role = 'viewer');
