-- Old code keeps working: no (its doors for projects that nobody manages answer 500).
-- Takes away how administrators find and hand over projects whose owners can manage nothing.
drop function app.hand_over_project(uuid, uuid, text);
drop function app.ownerless_projects(uuid, uuid, integer);
drop function app.is_tended(uuid);
