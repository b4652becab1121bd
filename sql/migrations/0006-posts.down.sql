drop table publication_attempts;
drop table post_media;
drop function app.post_status(text[]);
drop trigger post_publications_announce on post_publications;
drop trigger post_publications_guard on post_publications;
drop table post_publications;
drop function app.announce_publication();
drop function app.guard_publication();
drop table posts;
