drop function app.export_files(uuid, uuid, uuid, integer);
drop function app.export_page(uuid, uuid, text, boolean, jsonb, integer);
drop function app.owned_projects(uuid);
drop function app.begin_export();
drop table account_exports;
drop function app.drop_export_objects();
drop table export_tables;
