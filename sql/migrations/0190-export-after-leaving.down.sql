-- Back to: whatever names the person, in whatever project.

create or replace function app.export_page(export uuid, token uuid, table_name text, of_projects boolean, after jsonb, row_limit integer)
returns table (line text, at_key jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  owned uuid[];
  rules export_tables;
  keys text[];
  names text;
  key_names text;
  condition text;
  size integer := 0;
  r record;
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  select * into rules from export_tables t where t.name = export_page.table_name and t.left_out_because is null;
  if person is null or rules.name is null or to_regclass(quote_ident(rules.name)) is null then
    return;
  end if;
  owned := app.owned_projects(person);
  if of_projects and rules.project_column is null or not of_projects and cardinality(rules.person_columns) = 0 then
    return;
  end if;
  -- What a later version of the table has no more is left out.
  select string_agg(quote_ident(a.attname), ', ' order by c.place) into names
  from unnest(rules.columns) with ordinality c (name, place)
  join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = c.name and not a.attisdropped and a.attnum > 0;
  select array_agg(a.attname::text order by k.place) into keys
  from pg_index i, unnest(i.indkey::smallint[]) with ordinality k (number, place), pg_attribute a
  where i.indrelid = to_regclass(quote_ident(rules.name)) and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.number;
  if of_projects and rules.project_column <> all (keys) then
    keys := array[rules.project_column] || keys;
  end if;
  select string_agg('t.' || quote_ident(k), ', ') into key_names from unnest(keys) k;
  if of_projects then
    condition := format('t.%I = any ($2)', rules.project_column);
  else
    select '(' || string_agg(format('t.%I = $1', p), ' or ') || ')' into condition from unnest(rules.person_columns) p;
    if rules.project_column is not null then
      condition := condition || format(' and t.%I <> all ($2)', rules.project_column);
    end if;
  end if;
  if after is not null then
    condition := condition || format(' and (%s) > (%s)', key_names, (
      select string_agg(format('($3 ->> %L)::%s', k.name, format_type(a.atttypid, a.atttypmod)), ', ' order by k.place)
      from unnest(keys) with ordinality k (name, place)
      join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = k.name));
  end if;
  for r in execute format(
    'select to_jsonb(q)::text as line, t.export_key as at_key
     from (select jsonb_build_object(%1$s) as export_key, t.* from %2$I t where %3$s order by %4$s limit $4) t
     cross join lateral (select %5$s) q order by %4$s',
    (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(keys) k), rules.name, condition, key_names,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(names, ', ')) n))
    using person, owned, after, row_limit
  loop
    line := r.line;
    at_key := r.at_key;
    return next;
    -- The Data API answers a megabyte at most.
    size := size + length(line);
    exit when size > 300000;
  end loop;
end
$$;

create or replace function app.export_files(export uuid, token uuid, after uuid, row_limit integer)
returns table (media_id uuid, project_id uuid, file_name text, renditions jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  owned uuid[];
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  owned := app.owned_projects(person);
  return query
    select f.id, f.project_id, f.file_name, coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'bytes', r.bytes) order by r.name)
      from media_renditions r where r.project_id = f.project_id and r.media_id = f.id), '[]')
    from (
      (select m.id, m.project_id, m.file_name from media m
       where m.project_id = any (owned) and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
      union
      (select m.id, m.project_id, m.file_name from media m
       where m.created_by = person and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
    ) f
    order by f.id limit row_limit;
end
$$;
comment on function app.export_files is 'Media of one''s projects, and those that one brought into others'', by id.';

create or replace function app.export_file_count(export uuid, token uuid) returns integer
language sql stable security definer set search_path = public, pg_temp
as $$
  select count(*)::integer
  from account_exports e join media m on m.project_id = any (app.owned_projects(e.user_id)) or m.created_by = e.user_id
  where e.id = export and e.state = 'running' and e.lease_token = token and m.deleted_at is null
$$;

drop function app.readable_projects(uuid);
alter table export_tables drop column kept_after_leaving;
