drop function app.import_rows(text, jsonb);
drop function app.write_imported(text, jsonb);
drop table import_ids;
