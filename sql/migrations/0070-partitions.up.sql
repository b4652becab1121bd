-- Old code keeps working: yes.
-- Tables partitioned by month: which they are, and the functions that make their partitions ahead.

create table partitioned_tables (
  name text not null,
  column_name text not null,
  keep_months integer not null,
  archive boolean not null default true,
  constraint partitioned_tables_pkey primary key (name),
  constraint partitioned_tables_keep_months_positive check (keep_months > 0)
);
comment on table partitioned_tables is 'Tables with a partition per month (UTC), and how long a month stays. Changeable without a release.';
comment on column partitioned_tables.column_name is 'The instant that decides the month.';
comment on column partitioned_tables.keep_months is 'Whole months that stay in the database after the current one.';
comment on column partitioned_tables.archive is 'What is past its time is written to the archive before it is dropped.';
alter table partitioned_tables enable row level security;
create policy partitioned_tables_worker on partitioned_tables for select to posthaste_worker using (true);
grant select on partitioned_tables to posthaste_worker;

-- The partitions as rows. Bounds are null where there is none; the default partition has neither.
create function app.partitions(parent regclass)
returns table (partition regclass, from_at timestamptz, to_at timestamptz, is_default boolean)
language sql stable set search_path = public, pg_temp
as $$
  select c.oid::regclass,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']*)''\)')::timestamptz,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']*)''\)')::timestamptz,
    pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = parent and not i.inhdetachpending
$$;

-- The partition of a month, made where it is missing; null where the month lies in a longer one. Rows of the month that the
-- default partition took in move along. Tables that the rows refer to are locked first: whoever writes here has locked them.
create function app.add_month_partition(parent regclass, month date) returns text
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '5s'
as $$
declare
  table_name text := (select c.relname from pg_class c where c.oid = parent);
  key text := (select quote_ident(a.attname) from pg_partitioned_table p
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent);
  child text := table_name || to_char(month, '"_y"YYYY"m"MM');
  starts timestamptz := date_trunc('month', month::timestamp) at time zone 'UTC';
  ends timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') at time zone 'UTC';
  spare regclass;
  referenced regclass;
  columns text;
  holds boolean := false;
begin
  perform pg_advisory_xact_lock(hashtextextended('app.add_month_partition', parent::oid::bigint));
  if exists (
    select from app.partitions(parent) p
    where not p.is_default and coalesce(p.from_at, '-infinity') < ends
      and coalesce(p.to_at, 'infinity') > starts) then
    return (select c.relname from pg_class c where c.oid = to_regclass(quote_ident(child)));
  end if;
  for referenced in select distinct k.confrelid from pg_constraint k where k.conrelid = parent and k.contype = 'f' order by 1 loop
    execute format('lock table only %s in share row exclusive mode', referenced);
  end loop;
  execute format('create table %I (like %s including all)', child, parent);
  execute format('alter table %I enable row level security', child);

  spare := (select p.partition from app.partitions(parent) p where p.is_default);
  if spare is not null then
    execute format('select exists (select from only %s where %s >= $1 and %s < $2)', spare, key, key) into holds using starts, ends;
  end if;
  if holds then
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
    from pg_attribute a where a.attrelid = parent and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    execute format('lock table only %s in access exclusive mode', parent);
    -- Detached, it has none of the parent's triggers: moving a row is no change of it.
    execute format('alter table %s detach partition %s', parent, spare);
    execute format('insert into %I (%s) select %s from only %s where %s >= $1 and %s < $2', child, columns, columns, spare, key, key)
      using starts, ends;
    execute format('delete from only %s where %s >= $1 and %s < $2', spare, key, key) using starts, ends;
  end if;
  execute format('alter table %s attach partition %I for values from (%L) to (%L)', parent, child, starts, ends);
  if holds then
    execute format('alter table %s attach partition %s default', parent, spare);
  end if;
  return child;
end
$$;
comment on function app.add_month_partition is 'Name of the month''s partition, made if need be. Safe to call twice and at once.';

-- Turns an empty partitioned table into one that is looked after: a default partition, so that a row of any month is taken in
-- whatever the schedules do, the current month and the two after it, and its line in the registry.
create function app.partition_monthly(parent regclass, keep_months integer, archive boolean) returns void
language plpgsql set search_path = public, pg_temp
as $$
declare
  table_name text := (select c.relname from pg_class c where c.oid = parent);
begin
  execute format('create table %I partition of %s default', table_name || '_default', parent);
  execute format('alter table %I enable row level security', table_name || '_default');
  insert into partitioned_tables (name, column_name, keep_months, archive)
  select table_name, a.attname, partition_monthly.keep_months, partition_monthly.archive
  from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
  where p.partrelid = parent;
  for ahead in 0 .. 2 loop
    perform app.add_month_partition(parent, ((app.now() at time zone 'UTC') + make_interval(months => ahead))::date);
  end loop;
end
$$;
comment on function app.partition_monthly is 'For migrations: select app.partition_monthly(''engagement_events'', 12, true). Taking back: drop the table, delete its row of partitioned_tables.';

-- The current month and so many after it, of every registered table, and every month that the default partition holds rows of.
create function app.ensure_partitions(months_ahead integer) returns table (table_name text, partition_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  registered partitioned_tables;
  month date;
  spare regclass;
  before text[];
begin
  perform pg_advisory_xact_lock(hashtextextended('app.ensure_partitions', 0));
  for registered in select * from partitioned_tables order by name loop
    continue when to_regclass(quote_ident(registered.name)) is null;
    table_name := registered.name;
    before := array(select p.partition::text from app.partitions(registered.name::regclass) p);
    for ahead in 0 .. months_ahead loop
      perform app.add_month_partition(registered.name::regclass,
        ((app.now() at time zone 'UTC') + make_interval(months => ahead))::date);
    end loop;
    spare := (select p.partition from app.partitions(registered.name::regclass) p where p.is_default);
    if spare is not null then
      for month in execute format(
        -- What lies beyond any sense stays where it is: it must not keep the others from their months.
        'select distinct date_trunc(''month'', %1$I at time zone ''UTC'')::date from only %2$s
         where %1$I >= ''1970-01-01'' and %1$I < $1 + interval ''10 years'' order by 1 limit 24', registered.column_name, spare)
        using app.now() loop
        perform app.add_month_partition(registered.name::regclass, month);
      end loop;
    end if;
    for partition_name in
      select p.partition::text from app.partitions(registered.name::regclass) p
      where p.partition::text <> all (before) order by 1 loop
      return next;
    end loop;
  end loop;
end
$$;
comment on function app.ensure_partitions is 'Returns the partitions that it made.';
grant execute on function app.ensure_partitions(integer) to posthaste_worker;
