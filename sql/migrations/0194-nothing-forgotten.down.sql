-- Back to: only what is of a project, and traces that the erasure itself takes away.

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
    'select case when t.export_open then to_jsonb(q)::text else to_jsonb(f)::text end as line, t.export_key as at_key
     from (select jsonb_build_object(%1$s) as export_key, %6$s as export_open, t.* from %2$I t where %3$s order by %4$s limit $4) t
     cross join lateral (select %5$s) q cross join lateral (select %7$s) f order by %4$s',
    (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(keys) k), rules.name, condition, key_names,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(names, ', ')) n), open_rows,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(facts, ', ')) n))
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

create or replace function app.erase_user(person uuid) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  gone users;
  traces text[];
  alone uuid;
  heirless uuid;
  all_purged boolean := true;
begin
  select * into gone from users u where u.id = person for update;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if gone.deletion_requested_at is null then
    return query select 'wrong_state';
    return;
  end if;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'account deleted' where s.user_id = person and s.revoked_at is null;
  -- From here on the person is nobody's owner any more.
  update users u set status = 'deactivated', deleted_at = coalesce(u.deleted_at, app.now()) where u.id = person;

  for heirless in
    select c.project_id from project_collaborators c where c.user_id = person and c.role = 'owner'
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
        where o.project_id = c.project_id and o.role = 'owner')
  loop
    update project_collaborators c set role = 'owner' where c.project_id = heirless and c.user_id = (
      select o.user_id from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
      where o.project_id = heirless
      order by array_position(array['editor', 'approver', 'reviewer', 'viewer'], o.role), o.created_at limit 1);
  end loop;

  for alone in
    select p.id from projects p
    where (p.created_by = person or exists (select from project_collaborators c where c.project_id = p.id and c.user_id = person))
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null where o.project_id = p.id)
  loop
    all_purged := app.purge_project(alone, 1000) and all_purged;
  end loop;
  if not all_purged then
    return query select 'waiting';
    return;
  end if;

  -- By id and address, not by name: whoever calls themselves bluesky must not take along what tells of that platform.
  traces := array[person::text, gone.email];
  delete from idempotency_keys k
  where k.caller = person::text
    or exists (select from unnest(k.answer) line, unnest(traces) trace where strpos(line, to_json(trace)::text) > 0 or strpos(line, gone.email) > 0);
  delete from outbox_events e
  where e.payload ->> 'to' = gone.email or (e.kind = 'mail' and e.user_id = person)
    or exists (select from unnest(traces) trace where strpos(e.payload::text, to_json(trace)::text) > 0);
  update notifications n set payload = '{}'
  where n.actor_id = person or exists (select from unnest(traces) trace where strpos(n.payload::text, to_json(trace)::text) > 0);
  delete from webhook_deliveries d where exists (select from unnest(traces) trace where strpos(d.payload::text, to_json(trace)::text) > 0);
  delete from project_invitations i where i.email = gone.email or i.accepted_by = person;
  delete from user_invitations i where i.email = gone.email;
  delete from auth_attempts a where a.subject = app.attempt_subject(gone.email);
  -- What others wrote of them, while what they wrote it of goes.
  update content_moderation c set reason = null
  where c.reason is not null and (
    (c.target_type = 'user_profile' and c.target_id = person)
    or (c.target_type = 'comment' and c.target_id in (select k.id from comments k where k.author_id = person))
    or (c.target_type = 'post' and c.target_id in (select p.id from community_posts p where p.author_id = person)));
  update moderation_reports r set details = null
  where r.details is not null and (
    (r.target_type = 'user_profile' and r.target_id = person)
    or (r.target_type = 'comment' and r.target_id in (select k.id from comments k where k.author_id = person))
    or (r.target_type = 'post' and r.target_id in (select p.id from community_posts p where p.author_id = person)));
  delete from rate_counters c where strpos(c.caller, person::text) > 0;
  -- Where they came from stands in others' events too: it goes before the rows that would hand it on.
  update user_engagement e set metadata = '{}' where e.user_id = person and e.metadata <> '{}';
  update engagement_events v set metadata = '{}' where v.actor_id = person and v.metadata <> '{}';
  delete from users u where u.id = person;
  return query select 'ok';
end
$$;

drop trigger users_traces on users;
drop function app.forget_traces();
