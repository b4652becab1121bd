drop function app.erase_user(uuid);
drop function app.purge_project(uuid, integer);
