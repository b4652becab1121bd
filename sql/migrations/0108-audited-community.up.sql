-- Old code keeps working: yes.
-- What a moderator takes from view, or gives back, is watched by the log.

create trigger community_posts_audit after update of hidden_at on community_posts for each row
  when (old.hidden_at is distinct from new.hidden_at)
  execute function app.audit('{id}', 'project_id', 'author_id', '{hidden_at}', '{}', '{}');
create trigger comments_audit after update of hidden_at on comments for each row
  when (old.hidden_at is distinct from new.hidden_at)
  execute function app.audit('{id}', '', 'author_id', '{hidden_at}', '{}', '{}');
