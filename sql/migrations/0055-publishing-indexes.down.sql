drop index post_publications_account_published_idx;
drop index post_publications_published_idx;
drop index post_publications_open_idx;
drop index posts_tags_idx;
drop index posts_content_type_idx;
