-- Old code keeps working: yes, but paused accounts publish again.
-- What is connected beyond a quota of accounts is paused: nothing goes out through it until there is room again.

drop function app.late_from(timestamptz, uuid);
drop trigger quotas_pauses on quotas;
drop trigger quota_overrides_pauses on quota_overrides;
drop trigger social_accounts_pauses_moved on social_accounts;
drop trigger social_accounts_pauses_gone on social_accounts;
drop trigger social_accounts_pauses on social_accounts;
drop function app.check_limited_pauses();
drop function app.check_moved_pauses();
drop function app.check_pauses();
drop table pause_checks;
drop function app.keep_own_pauses();
drop function app.keep_pauses(integer);
drop function app.keep_pauses(integer, boolean);
drop function app.accounts_are_limited();
drop function app.pause_accounts(uuid[], uuid[]);

update export_tables t set columns = array_remove(array_remove(t.columns, 'paused_at'), 'resumed_at') where t.name = 'social_accounts';
drop trigger social_accounts_audit on social_accounts;
create trigger social_accounts_audit after insert or delete or update on social_accounts for each row
  execute function app.audit('{id}', 'project_id', 'connected_by',
    '{platform,scopes,status,connected_by,connected_at,disconnected_at,grant_expires_at}',
    '{platform_account_id,handle,display_name,avatar_url,base_url,status_reason}', '{}');
drop index social_accounts_paused_idx;
alter table social_accounts drop column resumed_at, drop column paused_at;
