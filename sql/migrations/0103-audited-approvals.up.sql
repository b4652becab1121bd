-- Old code keeps working: yes.
-- Who may agree to a post, who did, and who was let in by a link.

create trigger approval_workflows_audit after insert or update or delete on approval_workflows for each row
  execute function app.audit('{id}', 'project_id', '', '{created_by,name,rule,min_approvals,allow_self_approval,is_active,deleted_at}', '{}', '{}');
create trigger approval_members_audit after insert or update or delete on approval_members for each row
  execute function app.audit('{id}', 'project_id', 'user_id', '{workflow_id,user_id,role,position}', '{}', '{}');
create trigger approval_requests_audit after insert or update or delete on approval_requests for each row
  execute function app.audit('{id}', 'project_id', 'requested_by', '{workflow_id,post_id,requested_by,content_hash,state,decided_at}', '{}', '{}');
create trigger approval_decisions_audit after insert or update or delete on approval_decisions for each row
  execute function app.audit('{id}', 'project_id', 'user_id', '{request_id,user_id,review_link_id,decision}', '{}', '{}');
create trigger review_links_audit after insert or update or delete on review_links for each row
  execute function app.audit('{id}', 'project_id', 'created_by', '{post_id,scope,created_by,expires_at,revoked_at}', '{label}', '{token_hash}');
