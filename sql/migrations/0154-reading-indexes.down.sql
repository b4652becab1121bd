drop index audit_log_request_id_idx;
drop index posts_created_by_due_idx;
drop index media_stored_by_idx;
drop index media_stored_bytes_idx;
