drop function app.ensure_partitions(integer);
drop function app.partition_monthly(regclass, integer, boolean);
drop function app.add_month_partition(regclass, date);
drop function app.partitions(regclass);
drop table partitioned_tables;
