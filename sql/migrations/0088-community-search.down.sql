drop function app.popular_posts(integer, integer);
drop function app.refresh_popular_posts();
drop materialized view popular_posts;
drop function app.search_community(text, numeric, uuid, integer);
drop function app.community_query(text);
alter table community_posts drop column search;
drop function app.community_document(text, text[]);
