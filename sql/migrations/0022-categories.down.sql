drop table content_categories;
