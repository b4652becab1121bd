drop table videos;
drop table media_renditions;
drop table media;
