drop function app.display_names(uuid[]);
drop table user_engagement;
drop policy comments_insert on comments;
drop table comments;
drop policy social_accounts_community on social_accounts;
revoke select (id, platform, handle, display_name, avatar_url, status) on social_accounts from posthaste_public;
drop table community_posts;
drop function app.count_comment();
drop function app.count_engagement();
