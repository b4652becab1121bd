drop function app.restore_content(uuid, integer);
drop table content_versions;
drop table content;
drop function app.refuse_change();
drop function app.keep_content_version();
drop function app.labels_fit(text[]);
