-- Old code keeps working: yes.
-- Columns that came beside the export, and its own: decided.

update export_tables set columns = columns || '{updated_at,version,replaced_by}' where name = 'api_keys';
update export_tables set columns = columns || '{updated_at,version}' where name = 'project_collaborators';
update export_tables set columns = columns || '{declined_at,last_sent_at,sent_count}' where name = 'project_invitations';
update export_tables set withheld = withheld || '{elevated_until}' where name = 'user_sessions';
-- Words of staff, who may speak of others in them.
update export_tables set withheld = withheld || '{status_reason,username_skeleton}' where name = 'users';
update export_tables set withheld = withheld || '{lease_until}' where name = 'account_deletions';
update export_tables set withheld = withheld || '{attempts,cursor,lease_token,lease_until,parts,steps_done,steps_total}'
where name = 'account_exports';
