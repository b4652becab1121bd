-- Old code keeps working: yes.
-- Which publications of an account wait for their worker, in their order.
-- Outside a transaction: the table has grown.
create index concurrently if not exists post_publications_turn_idx on post_publications (account_id, due_at, id) where state = 'queued';
