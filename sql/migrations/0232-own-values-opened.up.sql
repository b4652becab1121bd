-- Old code keeps working: yes.
-- The export of an account opens what the log of changes holds under the person's own key; and no column is withheld twice.

update export_tables t set withheld = array(select distinct c from unnest(t.withheld) c order by c)
where cardinality(t.withheld) > (select count(distinct c) from unnest(t.withheld) c);

create or replace function app.export_page(export uuid, token uuid, table_name text, of_projects boolean, after jsonb, row_limit integer)
returns table (line text, at_key jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  owned uuid[];
  readable uuid[];
  rules export_tables;
  scope text;
  open_rows text;
  facts text;
  keys text[];
  names text;
  key_names text;
  condition text;
  opened text;
  size integer := 0;
  r record;
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  select * into rules from export_tables t where t.name = export_page.table_name and t.left_out_because is null;
  if person is null or rules.name is null or to_regclass(quote_ident(rules.name)) is null then
    return;
  end if;
  owned := app.owned_projects(person);
  readable := app.readable_projects(person);
  scope := coalesce(rules.project_column, (
    select a.attname::text from pg_attribute a
    where a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = 'project_id' and not a.attisdropped));
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
  -- Which rows leave whole; of the others the fact that they are the person's, and what no colleague can have written.
  open_rows := case when scope is null then 'true' else format('(t.%1$I is null or t.%1$I = any ($5)%2$s)', scope,
    case rules.name when 'community_posts' then ' or t.is_standing and t.visibility in (''public'', ''unlisted'')' else '' end) end;
  select string_agg(quote_ident(a.attname), ', ' order by c.place) into facts
  from unnest(rules.columns) with ordinality c (name, place)
  join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = c.name and not a.attisdropped and a.attnum > 0
  where c.name = any (keys || rules.person_columns || rules.kept_after_leaving) or c.name in (scope, 'created_at');
  -- Of the log only rows of what the person did: what lies in them under their own key is theirs to read.
  opened := case rules.name when 'audit_log' then
    ', app.audit_open(t.ip_sealed, $1) as ip, case when t.subject_id = $1 then app.audit_open(t.personal_sealed, $1)::jsonb end as personal'
    else '' end;
  if of_projects then
    condition := format('t.%I = any ($2)', rules.project_column);
  else
    select '(' || string_agg(format('t.%I = $1', p), ' or ') || ')' into condition from unnest(rules.person_columns) p;
    if rules.project_column is not null then
      condition := condition || format(' and (t.%1$I is null or t.%1$I <> all ($2))', rules.project_column);
    end if;
  end if;
  if after is not null then
    condition := condition || format(' and (%s) > (%s)', key_names, (
      select string_agg(format('($3 ->> %L)::%s', k.name, format_type(a.atttypid, a.atttypmod)), ', ' order by k.place)
      from unnest(keys) with ordinality k (name, place)
      join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = k.name));
  end if;
  for r in execute format(
    'select case when t.export_open then to_jsonb(q)::text else to_jsonb(f)::text end as line, t.export_key as at_key
     from (select jsonb_build_object(%1$s) as export_key, %6$s as export_open, t.* from %2$I t where %3$s order by %4$s limit $4) t
     cross join lateral (select %5$s%8$s) q cross join lateral (select %7$s%8$s) f order by %4$s',
    (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(keys) k), rules.name, condition, key_names,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(names, ', ')) n), open_rows,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(facts, ', ')) n), opened)
    using person, owned, after, row_limit, readable
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
