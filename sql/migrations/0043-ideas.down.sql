drop table hashtag_suggestions;
drop table idea_suggestions;
drop table ai_content_suggestions;
drop table ai_generation_tasks;
drop table niches;
drop function app.guard_ai_task();
