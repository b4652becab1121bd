drop table videos;
drop table media_renditions;
drop table media;
drop function app.announce_media_deletion();
