-- Old code keeps working: yes.
-- Which tables the log watches, and what of them. A column that is not named here is not logged: a new one is a decision.

create trigger users_audit after insert or update or delete on users for each row
  execute function app.audit('{id}', '', 'id', '{role,status,email_verified_at,locked_until,deletion_requested_at,deleted_at,avatar_media_id}',
    '{email,username,display_name,given_name,family_name,bio,avatar_url}', '{password_hash}');
-- Not its deletion: sessions end by being revoked, and are purged later.
create trigger user_sessions_audit after insert or update on user_sessions for each row
  execute function app.audit('{id}', '', 'user_id', '{expires_at,revoked_at,revoked_because}', '{ip,user_agent,device}', '{}');
create trigger user_identities_audit after insert or update or delete on user_identities for each row
  execute function app.audit('{id}', '', 'user_id', '{provider}', '{subject,email}', '{}');
create trigger mfa_factors_audit after insert or update or delete on mfa_factors for each row
  execute function app.audit('{id}', '', 'user_id', '{kind,confirmed_at}', '{name}', '{secret_sealed,code_hashes}');
create trigger api_keys_audit after insert or update or delete on api_keys for each row
  execute function app.audit('{id}', 'project_id', 'created_by', '{created_by,prefix,scopes,is_test,expires_at,revoked_at}', '{name}', '{key_hash}');
create trigger projects_audit after insert or update or delete on projects for each row
  execute function app.audit('{id}', 'id', 'created_by', '{created_by,time_zone,is_public,status,personal,deleted_at}', '{name,description}', '{}');
create trigger project_collaborators_audit after insert or update or delete on project_collaborators for each row
  execute function app.audit('{project_id,user_id}', 'project_id', 'user_id', '{user_id,role,permissions}', '{}', '{}');
-- Whose address it is may be nobody's here: then it is not kept at all.
create trigger project_invitations_audit after insert or update or delete on project_invitations for each row
  execute function app.audit('{id}', 'project_id', 'accepted_by', '{role,permissions,created_by,expires_at,accepted_at,accepted_by,revoked_at}',
    '{email}', '{token_hash}');
create trigger social_accounts_audit after insert or update or delete on social_accounts for each row
  execute function app.audit('{id}', 'project_id', 'connected_by',
    '{platform,base_url,scopes,status,status_reason,connected_by,connected_at,disconnected_at,grant_expires_at}',
    '{platform_account_id,handle,display_name,avatar_url}', '{}');
create trigger account_tokens_audit after insert or update or delete on account_tokens for each row
  execute function app.audit('{account_id}', 'project_id', '', '{expires_at,token_version}', '{}', '{access_token_sealed,refresh_token_sealed}');
create trigger platforms_audit after insert or update or delete on platforms for each row
  execute function app.audit('{name}', '', '', '{display_name,base_url,authorize_url,metrics_url,sandbox_base_url,enabled,limits}', '{}', '{}');
create trigger platform_apps_audit after insert or update or delete on platform_apps for each row
  execute function app.audit('{platform,base_url}', '', '', '{redirect_uri,client_id}', '{}', '{client_secret_sealed}');
-- An address may be the capability itself.
create trigger webhooks_audit after insert or update or delete on webhooks for each row
  execute function app.audit('{id}', 'project_id', 'created_by', '{created_by,events,is_active,previous_secret_expires_at,deleted_at}',
    '{description}', '{url,secret_sealed,previous_secret_sealed}');
create trigger report_links_audit after insert or update or delete on report_links for each row
  execute function app.audit('{id}', 'project_id', 'created_by', '{post_id,created_by,expires_at,revoked_at}', '{}', '{token_hash}');
-- Only what a person decides: the machine's own way through the states is told by publication_attempts.
create trigger post_publications_audit after update of state on post_publications for each row
  when (old.state is distinct from new.state and (new.state = 'cancelled' or old.state in ('unknown', 'failed')))
  execute function app.audit('{id}', 'project_id', '', '{state}', '{}', '{}');
