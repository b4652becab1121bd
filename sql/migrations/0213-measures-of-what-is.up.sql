-- Old code keeps working: yes.
-- A partition that is dropped while tables are measured has no size: it is left out, and no longer ends the measuring.

create or replace function app.measure() returns table (name text, value numeric, tags jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  statements regclass := (select c.oid::regclass from pg_extension e
    join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.classid = 'pg_class'::regclass
    join pg_class c on c.oid = d.objid
    where e.extname = 'pg_stat_statements' and c.relname = 'pg_stat_statements');
begin
  return query
    select m.name, m.value, jsonb_build_object('table', t.relname)
    from (
      select s.relname, s.n_dead_tup, s.n_live_tup, pg_total_relation_size(s.relid) as bytes
      from pg_stat_user_tables s where s.schemaname in ('public', 'archive')
      order by bytes desc nulls last limit 40
    ) t
    cross join lateral (values
      ('table.bytes', t.bytes::numeric),
      ('table.dead_rows', t.n_dead_tup::numeric),
      -- Of a small table it says nothing.
      ('table.dead_percent', case when t.n_dead_tup < 1000 then 0
        else round(100.0 * t.n_dead_tup / (t.n_dead_tup + t.n_live_tup), 2) end)
    ) m (name, value)
    -- A table that another transaction dropped since has no size any more.
    where t.bytes is not null;
  return query
    select 'database.bytes', pg_database_size(current_database())::numeric, '{}'::jsonb
    union all
    select 'transaction.oldest_s', coalesce(max(extract(epoch from now() - a.xact_start)), 0)::numeric, '{}'
    from pg_stat_activity a where a.datname = current_database() and a.state <> 'idle'
    union all
    select 'transaction.ids_used_percent', round(100.0 * age(d.datfrozenxid) / 2147483647, 4), '{}'
    from pg_database d where d.datname = current_database();
  if statements is null then
    return;
  end if;
  begin
    return query execute format(
      $q$select m.name, m.value::numeric, jsonb_build_object('statement', s.queryid::text,
        'text', left(regexp_replace(s.query, '\s+', ' ', 'g'), 120))
      from (
        select q.queryid, q.query, q.mean_exec_time, q.max_exec_time, q.calls from %s q
        where q.dbid = (select d.oid from pg_database d where d.datname = current_database()) and q.calls >= 5
        order by q.mean_exec_time desc limit 20
      ) s
      cross join lateral (values
        ('statement.mean_ms', round(s.mean_exec_time::numeric, 4)), ('statement.max_ms', round(s.max_exec_time::numeric, 4)),
        ('statement.calls', s.calls::numeric)
      ) m (name, value)$q$, statements);
  exception when object_not_in_prerequisite_state then
    null; -- the server was started without its library: the rest is measured all the same
  end;
end
$$;
