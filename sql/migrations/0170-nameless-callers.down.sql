-- What app.run, app.repeated and app.check_rate were; keys of callers whom nobody knows go, since the old code would not find them.
delete from idempotency_keys where caller like 'nameless:%';

-- Before the statement: refuses without a lock whoever has used up the window.
create function app.check_rate(caller text, class text) returns void
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  l rate_limits;
begin
  select * into l from rate_limits r where r.class = check_rate.class;
  perform 1 from rate_counters c
  where c.caller = check_rate.caller and c.class = l.class and c.count >= l.max_requests
    and c.window_start = to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  if found then
    perform app.raise_rate(l.max_requests, l.window_s);
  end if;
end
$$;
grant execute on function app.check_rate(text, text) to posthaste_api;

create or replace function app.run(call jsonb, statement text, parameters text[]) returns setof text
language plpgsql security invoker set search_path = public, pg_temp
as $$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  counted text;
  about jsonb := '{}';
  repeat jsonb := call -> 'repeat';
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
    perform app.check_rate(counted, call -> 'limit' ->> 'class');
  end if;

  if repeat is not null then
    stored := app.repeated(caller, repeat, coalesce((repeat ->> 'look')::boolean, false));
  end if;

  if stored is null or coalesce((repeat ->> 'look')::boolean, false) then
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

    if repeat is not null and stored is null and not coalesce((repeat ->> 'look')::boolean, false)
      and coalesce(answer[1]::jsonb ->> 'outcome', 'ok') = 'ok' then
      perform app.remember(caller, repeat, answer);
    end if;
  end if;

  if call ? 'limit' then
    about := about || app.count_request(counted, call -> 'limit' ->> 'class', coalesce((call -> 'limit' ->> 'requests')::integer, 1));
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

create or replace function app.repeated(caller text, repeat jsonb, wait boolean) returns text[]
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  stored idempotency_keys;
begin
  if not wait and not pg_try_advisory_xact_lock(
    hashtextextended(caller || chr(31) || (repeat ->> 'route') || chr(31) || (repeat ->> 'key'), 0)) then
    raise exception 'a request with this key is running' using errcode = 'PH409';
  end if;
  select * into stored from idempotency_keys k
  where k.caller = repeated.caller and k.route = repeat ->> 'route' and k.key = repeat ->> 'key'
    and k.expires_at > app.now();
  if not found then
    return null;
  end if;
  if stored.body_hash <> repeat ->> 'bodyHash' then
    raise exception 'the key was used with another request' using errcode = 'PH422';
  end if;
  if stored.answer is null then
    raise exception 'the answer held a secret and is not kept' using errcode = 'PH410';
  end if;
  return stored.answer;
end
$$;
comment on function app.repeated is 'wait = true only looks, without the lock: for the read before the write.';

drop function app.check_rate(text, text, integer);
drop function app.nameless(jsonb);
comment on column idempotency_keys.caller is 'Person or key; public where nobody was known.';
comment on column idempotency_keys.body_hash is 'Of the request''s body; slow to guess where it may hold a password.';
