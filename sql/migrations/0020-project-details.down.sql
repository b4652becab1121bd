drop trigger project_collaborators_keep_owner on project_collaborators;
drop function app.keep_owner();
drop policy project_collaborators_leave on project_collaborators;
drop policy project_collaborators_remove on project_collaborators;
drop policy project_collaborators_change on project_collaborators;
revoke update (role, permissions), delete on project_collaborators from posthaste_api;
drop function app.personal_project();
drop policy projects_public on projects;
revoke select (id, name, description, created_at) on projects from posthaste_public;
comment on column projects.name is null;
comment on column projects.time_zone is null;
comment on column projects.created_by is null;
update projects set name = left(name, 100), description = left(description, 1000)
where length(name) > 100 or length(description) > 1000;
drop index projects_owner_name_key, projects_personal_key, projects_public_idx;
alter table projects
  drop constraint projects_name_length,
  drop constraint projects_description_length,
  drop column type,
  drop column template,
  drop column platform,
  drop column target_audience,
  drop column estimated_duration,
  drop column tags,
  drop column is_public,
  drop column status,
  drop column metadata,
  drop column personal,
  add constraint projects_name_length check (length(name) between 1 and 100),
  add constraint projects_description_length check (length(description) <= 1000);
