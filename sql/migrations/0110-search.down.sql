drop function app.search_posts(text, uuid);
drop function app.search_content(text, uuid);
drop function app.search_queries(text);
drop function app.search_query(regconfig, text);
alter table posts drop column search;
alter table content drop column search;
drop function app.search_document(uuid, text, text, text[], text);
drop function app.search_config(text);
