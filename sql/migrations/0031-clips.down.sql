drop table clip_categories;
drop table video_categories;
drop table clips;
drop function app.guard_clip_range();
drop function app.guard_clip();
