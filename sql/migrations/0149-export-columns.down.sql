update export_tables set columns = array_remove(array_remove(array_remove(columns, 'updated_at'), 'version'), 'replaced_by')
where name = 'api_keys';
update export_tables set columns = array_remove(array_remove(columns, 'updated_at'), 'version') where name = 'project_collaborators';
update export_tables set columns = array_remove(array_remove(array_remove(columns, 'declined_at'), 'last_sent_at'), 'sent_count')
where name = 'project_invitations';
update export_tables set withheld = array_remove(withheld, 'elevated_until') where name = 'user_sessions';
update export_tables set withheld = array_remove(array_remove(withheld, 'status_reason'), 'username_skeleton') where name = 'users';
update export_tables set withheld = '{}' where name in ('account_deletions', 'account_exports');
