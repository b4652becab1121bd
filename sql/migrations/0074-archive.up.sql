-- Old code keeps working: yes.
-- Partitions past their time: detached, written to the archive by a schedule, dropped when the archive is known to hold them.

create schema archive;
comment on schema archive is 'Partitions that are detached and not yet dropped. Nobody but the owner looks in here.';

create table partition_archives (
  id uuid not null default uuidv7(),
  table_name text not null,
  partition_name text not null,
  from_at timestamptz,
  to_at timestamptz not null,
  detached_at timestamptz not null default app.now(),
  manifest_key text,
  written_at timestamptz,
  dropped_at timestamptz,
  constraint partition_archives_pkey primary key (id),
  constraint partition_archives_written_with_manifest check ((manifest_key is null) = (written_at is null)),
  constraint partition_archives_dropped_after_written check (dropped_at is null or written_at is not null)
);
create unique index partition_archives_partition_name_key on partition_archives (partition_name) where dropped_at is null;
comment on table partition_archives is 'What left the database by age: one row per detached partition, more where rows came late. `npm run db -- archive list` shows them.';
comment on column partition_archives.from_at is 'Null: from the beginning.';
comment on column partition_archives.written_at is 'All parts and the manifest are in the archive, and were read back.';
alter table partition_archives enable row level security;
create policy partition_archives_worker on partition_archives for all to posthaste_worker using (true) with check (true);
grant select, update (manifest_key, written_at) on partition_archives to posthaste_worker;

create table archive_parts (
  archive_id uuid not null,
  number integer not null,
  object_key text not null,
  row_count bigint not null,
  bytes bigint not null,
  sha256 text not null,
  last_id text not null,
  written_at timestamptz not null default app.now(),
  constraint archive_parts_pkey primary key (archive_id, number),
  constraint archive_parts_object_key_key unique (object_key),
  constraint archive_parts_archive_id_fkey foreign key (archive_id) references partition_archives (id) on delete cascade,
  constraint archive_parts_natural check (number > 0 and row_count > 0 and bytes > 0),
  constraint archive_parts_sha256_hex check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table archive_parts is 'Objects of an archived partition. Whoever was killed goes on after the last of them.';
comment on column archive_parts.sha256 is 'Of the object as it is stored.';
comment on column archive_parts.last_id is 'Rows are written in the order of their ids; the next part begins after this one.';
alter table archive_parts enable row level security;
create policy archive_parts_worker on archive_parts for all to posthaste_worker using (true) with check (true);
grant select, insert on archive_parts to posthaste_worker;

-- Detaches the oldest partition that is past its time; nothing where there is none. What is not to be archived is dropped.
-- Tables that the rows refer to are locked first, as everybody does who writes here.
create function app.detach_expired() returns table (table_name text, partition_name text)
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '5s'
as $$
declare
  expired record;
  referenced regclass;
begin
  perform pg_advisory_xact_lock(hashtextextended('app.detach_expired', 0));
  select t.name, t.archive, p.partition, c.relname, p.from_at, p.to_at into expired
  from partitioned_tables t
  cross join lateral app.partitions(to_regclass(quote_ident(t.name))) p
  join pg_class c on c.oid = p.partition
  where p.to_at <= (date_trunc('month', app.now() at time zone 'UTC') - make_interval(months => t.keep_months)) at time zone 'UTC'
    -- Rows that came when their month was on its way already wait until it is gone.
    and to_regclass('archive.' || quote_ident(c.relname)) is null
  order by p.to_at, t.name limit 1;
  if not found then
    return;
  end if;
  for referenced in
    select distinct k.confrelid from pg_constraint k where k.conrelid = to_regclass(quote_ident(expired.name)) and k.contype = 'f' order by 1
  loop
    execute format('lock table only %s in share row exclusive mode', referenced);
  end loop;
  execute format('alter table %I detach partition %s', expired.name, expired.partition);
  if expired.archive then
    execute format('alter table %s set schema archive', expired.partition);
    insert into partition_archives (table_name, partition_name, from_at, to_at)
    values (expired.name, expired.relname, expired.from_at, expired.to_at);
  else
    execute format('drop table %s', expired.partition);
  end if;
  return query select expired.name, expired.relname::text;
end
$$;

-- The next rows of a detached partition, as JSON, in the order of their ids: as many as make so many bytes, at least one.
create function app.archive_page(archive_id uuid, after_id text, bytes integer) returns table (id text, line text)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  partition regclass := (select to_regclass('archive.' || quote_ident(p.partition_name)) from partition_archives p
    where p.id = archive_page.archive_id and p.dropped_at is null);
  id_type text := (select format_type(a.atttypid, -1) from pg_attribute a where a.attrelid = partition and a.attname = 'id');
begin
  return query execute format(
    'select r.id, r.line from (
       select t.id::text as id, row_to_json(t)::text as line,
         sum(octet_length(row_to_json(t)::text)) over (order by t.id) as total, row_number() over (order by t.id) as place
       from (select * from %s p where ($1 is null or p.id > $1::%s) order by p.id limit 5000) t
     ) r where r.total <= $2 or r.place = 1 order by r.place', partition, id_type)
    using after_id, bytes;
end
$$;

-- Drops a partition of which the archive holds every row. A row that went meanwhile (a purged project takes its rows along
-- out of here too) makes the archive one of rows that should not be there: it is begun anew.
create function app.drop_archived(archive_id uuid) returns text
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '5s'
as $$
declare
  archived partition_archives := (select p from partition_archives p where p.id = drop_archived.archive_id for update);
  rows_here bigint;
begin
  if archived.dropped_at is not null then
    return 'ok';
  end if;
  if archived.written_at is null then
    return 'wrong_state';
  end if;
  execute format('lock table archive.%I in access exclusive mode', archived.partition_name);
  execute format('select count(*) from archive.%I', archived.partition_name) into rows_here;
  if rows_here <> (select coalesce(sum(p.row_count), 0) from archive_parts p where p.archive_id = archived.id) then
    delete from archive_parts p where p.archive_id = archived.id;
    update partition_archives p set written_at = null, manifest_key = null where p.id = archived.id;
    return 'changed';
  end if;
  execute format('drop table archive.%I', archived.partition_name);
  update partition_archives p set dropped_at = app.now() where p.id = archived.id;
  return 'ok';
end
$$;
comment on function app.drop_archived is 'ok, wrong_state (not written yet), or changed (write it again).';
grant execute on function app.detach_expired(), app.archive_page(uuid, text, integer), app.drop_archived(uuid) to posthaste_worker;
