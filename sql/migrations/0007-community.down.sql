drop function app.community_profiles(uuid[]);
drop function app.display_names(uuid[]);
drop table user_engagement;
drop policy comments_insert on comments;
drop table comments;
drop table community_posts;
drop function app.count_comment();
drop function app.count_engagement();
