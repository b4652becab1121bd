drop table feed_items;
