-- Old code keeps working: no (owners could not check the log of their project).
-- Takes away the check of a project's entries.

drop function app.verify_project_audit(uuid, uuid, uuid, integer);
drop index audit_seals_row_ids_idx;
