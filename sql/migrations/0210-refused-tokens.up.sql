-- Old code keeps working: yes (whoever does not name a refusedClass gets refusals as errors, as before).
-- Refused sessions and keys count by the address that they come from; whoever lacks scope or step-up counts as they are.

insert into rate_limits (class, max_requests, window_s) values ('refused', 60, 60);
comment on table rate_limits is
  'Requests that one caller (person, key, address without either) may make in a window, by class of door. refused: those by dead or invented sessions and keys, by address.';

drop function app.check_alive(uuid, uuid);
-- The liveness check of app.run: the person is active, the session neither ended nor expired, and proven lately if need be.
create function app.session_refusal(user_id uuid, session_id uuid, step_up boolean) returns text
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  elevated boolean;
begin
  select coalesce(s.elevated_until > app.now(), false) into elevated
  from user_sessions s join users u on u.id = s.user_id
  where s.id = session_refusal.session_id and s.user_id = session_refusal.user_id
    and s.revoked_at is null and s.expires_at > app.now()
    and u.status = 'active' and u.deleted_at is null;
  return case when elevated is null then 'PH401' when step_up and not elevated then 'PH405' end;
end
$$;
comment on function app.session_refusal is
  'Null for one that lives; PH401 for one that has ended, PH405 for one that must prove itself first.';
grant execute on function app.session_refusal(uuid, uuid, boolean) to posthaste_api;

drop function app.check_key(text, text);
create function app.check_key(key_hash text, scope text)
returns table (user_id uuid, key_id uuid, project_id uuid, refused text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  k api_keys;
begin
  select a.* into k
  from api_keys a
    join users u on u.id = a.created_by and u.status = 'active' and u.deleted_at is null
    join projects p on p.id = a.project_id and p.deleted_at is null
    join project_collaborators c on c.project_id = a.project_id and c.user_id = a.created_by
  where a.key_hash = check_key.key_hash and a.revoked_at is null and (a.expires_at is null or a.expires_at > app.now());
  refused := case
    when k.id is null then 'PH401'
    when not coalesce(scope = any (k.scopes) or regexp_replace(scope, 'read$', 'write') = any (k.scopes), false) then 'PH403' end;
  -- By the minute: a durable commit for every request would be too dear, and who cannot have the row at once leaves it.
  if refused is null and (k.last_used_at is null or k.last_used_at < app.now() - interval '1 minute') then
    update api_keys a set last_used_at = app.now()
    where a.id = (select l.id from api_keys l where l.id = k.id for update skip locked);
  end if;
  return query select k.created_by, k.id, k.project_id, check_key.refused;
end
$$;
comment on function app.check_key is
  'The liveness check of app.run for API keys. refused: PH401 where the key is unknown, or dead with its creator''s account or membership, or with the project; PH403 where the scope is missing. write holds read.';
grant execute on function app.check_key(text, text) to posthaste_api;

-- Who is nobody counts by address in a class of its own: no good token is ever asked for that count. Who is known counts as with
-- any request. A window that is full is only read.
create function app.count_refusal(refused text, call jsonb, counted text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  is_nobody boolean := refused = 'PH401';
  counting text := case when is_nobody then app.address_caller(call ->> 'ip') else counted end;
  requests integer := case when is_nobody then 1 else coalesce((call -> 'limit' ->> 'requests')::integer, 1) end;
  l rate_limits;
  began timestamptz;
  total integer;
begin
  select * into l from rate_limits r
  where r.class = call -> 'limit' ->> case when is_nobody then 'refusedClass' else 'class' end;
  if l.class is null then
    return jsonb_build_object('refused', refused);
  end if;
  began := to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  if requests <= l.max_requests and not exists (
    select from rate_counters c
    where c.caller = counting and c.class = l.class and c.window_start = began and c.count > l.max_requests - requests
  ) then
    insert into rate_counters as c (caller, class, window_start, count, expires_at)
    values (counting, l.class, began, requests, began + make_interval(secs => l.window_s))
    on conflict on constraint rate_counters_pkey do update set count = c.count + excluded.count
      where c.count <= l.max_requests - excluded.count
    returning c.count into total;
  end if;
  return jsonb_build_object('refused', case when total is null then 'PH402' else refused end, 'class', l.class,
    'max', l.max_requests, 'windowS', l.window_s, 'left', coalesce(l.max_requests - total, 0),
    'resetS', l.window_s - floor(extract(epoch from app.now()))::bigint % l.window_s);
end
$$;
comment on function app.count_refusal is 'What the line of app.run tells; refused becomes PH402 where that has happened too often.';
grant execute on function app.count_refusal(text, jsonb, text) to posthaste_api;

create or replace function app.run(call jsonb, statement text, parameters text[]) returns setof text
language plpgsql security invoker set search_path = public, pg_temp
as $$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  counted text;
  refused text;
  about jsonb := '{}';
  requests integer;
  repeat jsonb := call -> 'repeat';
  looks boolean := coalesce((call -> 'repeat' ->> 'look')::boolean, false);
  stored text[];
  answer text[] := '{}';
  line record;
  key record;
begin
  perform set_config('app.request_id', coalesce(call ->> 'requestId', ''), true),
    set_config('app.user_id', '', true), set_config('app.session_id', '', true),
    set_config('app.ip', coalesce(call ->> 'ip', ''), true), set_config('app.api_key_id', '', true),
    set_config('app.key_project', '', true);
  if kind = 'actor' then
    refused := app.session_refusal((call ->> 'userId')::uuid, (call ->> 'sessionId')::uuid, (call ->> 'stepUp')::boolean);
    counted := 'user:' || caller;
  elsif kind = 'key' then
    select * into key from app.check_key(call ->> 'keyHash', call ->> 'scope');
    refused := key.refused;
    caller := 'key:' || key.key_id;
    counted := caller;
    about := jsonb_strip_nulls(jsonb_build_object('userId', key.user_id, 'keyId', key.key_id));
  elsif kind is null or kind not in ('public', 'worker') then
    raise exception 'unknown kind of call' using errcode = 'PH000';
  end if;

  if refused is not null then
    if call -> 'limit' ->> 'refusedClass' is null then
      raise exception 'the caller is refused' using errcode = refused;
    end if;
    -- As a line, not as an error: that would take its count along.
    return next '#' || (about || app.count_refusal(refused, call, counted))::text || E'\n';
    return;
  end if;
  if kind = 'actor' then
    perform set_config('app.user_id', call ->> 'userId', true), set_config('app.session_id', call ->> 'sessionId', true);
  elsif kind = 'key' then
    perform set_config('app.user_id', key.user_id::text, true), set_config('app.api_key_id', key.key_id::text, true),
      set_config('app.key_project', key.project_id::text, true);
  end if;

  if call ? 'limit' then
    counted := coalesce(counted, app.address_caller(call ->> 'ip'));
    requests := coalesce((call -> 'limit' ->> 'requests')::integer, 1);
    perform app.check_rate(counted, call -> 'limit' ->> 'class', requests);
  end if;

  if repeat is not null then
    if kind = 'public' then
      select n.caller, n.repeat into caller, repeat from app.nameless(call) n;
    end if;
    stored := app.repeated(caller, repeat, looks and not coalesce((repeat ->> 'lock')::boolean, false));
    if looks and stored is not null and not repeat ? 'bodyHash' then
      -- Whether it is the same request is asked with the write.
      about := about || '{"repeat": true}';
      stored := null;
    end if;
  end if;

  if stored is null or looks then
    if kind = 'public' then
      perform set_config('role', 'posthaste_public', true);
    end if;

    for line in execute statement using
      v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15], v[16],
      v[17], v[18], v[19], v[20], v[21], v[22], v[23], v[24], v[25], v[26], v[27], v[28], v[29], v[30], v[31], v[32]
    loop
      answer := answer || row_to_json(line)::text;
    end loop;

    if kind = 'public' then
      perform set_config('role', 'none', true);
    end if;

    if repeat is not null and stored is null and not looks and coalesce(answer[1]::jsonb ->> 'outcome', 'ok') = 'ok' then
      perform app.remember(caller, repeat, answer);
    end if;
  end if;

  if call ? 'limit' then
    about := about || app.count_request(counted, call -> 'limit' ->> 'class', requests);
  end if;
  if about <> '{}' then
    return next '#' || about::text || E'\n';
  end if;
  return query select app.parts(array_to_string(answer, E'\n') || E'\n') where cardinality(answer) > 0;
  if stored is not null then
    return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
  end if;
end
$$;
comment on function app.run(jsonb, text, text[]) is
  'One Data API call: checks that person and session, or API key and scope, are alive (PH401, PH403, PH405 step-up), that the caller has not asked too often (PH402), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with # tells of caller and limit, and where limit has a refusedClass of a refusal, which is an error otherwise; one that begins with ! opens a stored answer.';
