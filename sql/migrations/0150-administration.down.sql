revoke execute on function app.mail_sent(uuid) from posthaste_api;
drop function app.force_password_reset(uuid, text, text);
drop function app.administer(uuid, text, text, integer);
drop function app.end_sessions(uuid, text);
drop function app.look_at_user(uuid);
drop function app.find_users(text, text, text, text, jsonb, integer);
drop function app.user_fits(users, text, text);
drop trigger users_keep_an_admin on users;
drop function app.keep_an_admin();
drop index users_last_login_at_idx;
drop index users_display_name_prefix_idx;
drop index users_username_prefix_idx;
drop index users_email_prefix_idx;
drop trigger users_audit on users;
create trigger users_audit after insert or update or delete on users for each row
  execute function app.audit('{id}', '', 'id', '{role,status,email_verified_at,locked_until,deletion_requested_at,deleted_at,avatar_media_id}',
    '{email,username,display_name,given_name,family_name,bio,avatar_url}', '{password_hash}');
alter table users drop column status_reason;
