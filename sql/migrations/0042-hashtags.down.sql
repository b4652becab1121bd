drop table post_mentions;
drop table community_hashtags;
drop table post_hashtags;
drop table content_hashtags;
drop table hashtag_deltas;
drop table hashtags;
drop function app.normal_hashtag(text);
