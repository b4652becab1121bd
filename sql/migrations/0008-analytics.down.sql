drop function app.report(text);
drop table report_links;
drop table analytics;
