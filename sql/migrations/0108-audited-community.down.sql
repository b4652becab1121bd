drop trigger comments_audit on comments;
drop trigger community_posts_audit on community_posts;
