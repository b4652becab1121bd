drop function app.publications_of(uuid);
drop function app.hashtags_like(text, integer);
drop index hashtags_usage_idx;
drop index hashtags_public_prefix_idx;
drop index hashtags_public_idx;
drop trigger community_posts_link on community_posts;
drop trigger community_posts_link_new on community_posts;
drop function app.link_community_post();
