-- Old code keeps working: yes.
-- What operators and moderators decide: how long things are kept, what left the database, what is hidden.

create trigger partitioned_tables_audit after insert or update or delete on partitioned_tables for each row
  execute function app.audit('{name}', '', '', '{column_name,keep_months,archive}', '{}', '{}');
create trigger partition_archives_audit after insert or update or delete on partition_archives for each row
  execute function app.audit('{id}', '', '', '{table_name,partition_name,from_at,to_at,manifest_key,written_at,dropped_at}', '{}', '{}');
create trigger moderation_words_audit after insert or update or delete on moderation_words for each row
  execute function app.audit('{id}', '', '', '{word,language,category,weight,enabled}', '{}', '{}');
-- Cases are opened by machines and reports; that one is decided is an act.
create trigger content_moderation_audit after update on content_moderation for each row
  execute function app.audit('{id}', '', '', '{target_type,target_id,status,moderator_id,reviewed_at}', '{}', '{}');
