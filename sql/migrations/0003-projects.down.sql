drop policy projects_manage on projects;
drop policy projects_read on projects;
drop policy project_collaborators_read on project_collaborators;
drop function app.create_project(text, text, text);
drop function app.projects_of(text);
drop table project_collaborators;
drop table projects;
