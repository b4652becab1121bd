drop trigger users_forget_import on users;
drop function app.forget_import();
drop function app.import_rows(text, jsonb);
drop function app.write_imported(text, jsonb);
drop table import_ids;
