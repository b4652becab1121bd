drop table content_category_links;
