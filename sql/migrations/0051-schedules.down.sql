drop table schedule_occurrences;
drop function app.keep_occurrence();
drop function app.guard_occurrence();
drop table schedule_slots;
drop extension btree_gist;
drop schema gist;
drop table publishing_schedules;
drop table post_variations;
