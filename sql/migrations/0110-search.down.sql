drop function app.search_posts(text, uuid);
drop function app.search_content(text, uuid);
drop function app.search_queries(text);
drop function app.search_query(regconfig, text);
alter table posts drop column search;
alter table content drop column search;
revoke execute on function app.hashtags_in(text), app.without_addresses(text) from posthaste_api, posthaste_worker;
drop function app.search_document(uuid, text, text, text[], text);
drop function app.search_config(text);
