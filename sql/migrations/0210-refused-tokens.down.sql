-- Old code keeps working: yes (it reads both: refusals are errors again).
-- Refusals are errors again, and count with the caller's next request in the same process.

create or replace function app.run(call jsonb, statement text, parameters text[]) returns setof text
language plpgsql security invoker set search_path = public, pg_temp
as $$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  counted text;
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
    perform app.check_alive((call ->> 'userId')::uuid, (call ->> 'sessionId')::uuid);
    if call ->> 'stepUp' = 'true' then
      perform app.check_elevated((call ->> 'sessionId')::uuid);
    end if;
    perform set_config('app.user_id', call ->> 'userId', true), set_config('app.session_id', call ->> 'sessionId', true);
    counted := 'user:' || caller;
  elsif kind = 'key' then
    select * into key from app.check_key(call ->> 'keyHash', call ->> 'scope');
    perform set_config('app.user_id', key.user_id::text, true), set_config('app.api_key_id', key.key_id::text, true),
      set_config('app.key_project', key.project_id::text, true);
    caller := 'key:' || key.key_id;
    counted := caller;
    about := jsonb_build_object('userId', key.user_id, 'keyId', key.key_id);
  elsif kind is null or kind not in ('public', 'worker') then
    raise exception 'unknown kind of call' using errcode = 'PH000';
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
  'One Data API call: checks that person and session, or API key and scope, are alive (PH401, PH403, PH405 step-up), that the caller has not asked too often (PH402), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with # tells of caller and limit, one that begins with ! opens a stored answer.';

drop function app.count_refusal(text, jsonb, text);
drop function app.check_key(text, text);
create function app.check_key(key_hash text, scope text) returns table (user_id uuid, key_id uuid, project_id uuid)
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
  if k.id is null then
    raise exception 'the key is unknown, revoked or expired' using errcode = 'PH401';
  end if;
  if not coalesce(scope = any (k.scopes) or regexp_replace(scope, 'read$', 'write') = any (k.scopes), false) then
    raise exception 'the key has not this scope' using errcode = 'PH403';
  end if;
  -- By the minute: a durable commit for every request would be too dear, and who cannot have the row at once leaves it.
  if k.last_used_at is null or k.last_used_at < app.now() - interval '1 minute' then
    update api_keys a set last_used_at = app.now()
    where a.id = (select l.id from api_keys l where l.id = k.id for update skip locked);
  end if;
  return query select k.created_by, k.id, k.project_id;
end
$$;
comment on function app.check_key is
  'The liveness check of app.run for API keys: dead with its creator''s account or membership, or with the project (PH401); PH403 where the scope is missing. write holds read.';
grant execute on function app.check_key(text, text) to posthaste_api;

drop function app.session_refusal(uuid, uuid, boolean);
create function app.check_alive(user_id uuid, session_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
  perform 1
  from user_sessions s join users u on u.id = s.user_id
  where s.id = check_alive.session_id and s.user_id = check_alive.user_id
    and s.revoked_at is null and s.expires_at > app.now()
    and u.status = 'active' and u.deleted_at is null;
  if not found then
    raise exception 'the session has ended' using errcode = 'PH401';
  end if;
end
$$;
grant execute on function app.check_alive(uuid, uuid) to posthaste_api;

comment on table rate_limits is 'Requests that one caller (person, key, address without either) may make in a window, by class of door.';
delete from rate_counters where class = 'refused';
delete from rate_limits where class = 'refused';
