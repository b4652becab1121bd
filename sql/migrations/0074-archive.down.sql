drop function app.drop_archived(uuid);
drop function app.archive_page(uuid, text, integer);
drop function app.detach_expired();
drop table archive_parts;
drop table partition_archives;
drop schema archive;
