drop table moderation_reports;
drop table content_moderation;
drop table moderation_words;
