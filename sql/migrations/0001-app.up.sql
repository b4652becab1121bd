-- Old code keeps working: yes (nothing was there before).
-- The frame of everything: schema app, the clock, the actor, and app.run, through which every statement of the code goes.

alter default privileges revoke execute on functions from public;

create schema app;
comment on schema app is 'Functions that the code and the policies rest on. Tables live in public.';
grant usage on schema app to posthaste_api, posthaste_public, posthaste_worker, posthaste_reporting;

create function app.now() returns timestamptz
language sql stable parallel safe
as 'select now()';
comment on function app.now() is 'The only clock of due, lease and expiry comparisons. Replaced in a test''s own database.';

create function app.user_id() returns uuid
language sql stable parallel safe
as $$select nullif(current_setting('app.user_id', true), '')::uuid$$;
comment on function app.user_id() is 'The person behind the statement; null without one.';

create function app.session_id() returns uuid
language sql stable parallel safe
as $$select nullif(current_setting('app.session_id', true), '')::uuid$$;

grant execute on function app.now(), app.user_id(), app.session_id()
  to posthaste_api, posthaste_public, posthaste_worker, posthaste_reporting;

create table idempotency_keys (
  caller text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  -- The rows of the statement, one JSON text each; null where the answer held a secret.
  answer text[],
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '24 hours',
  constraint idempotency_keys_pkey primary key (caller, route, key),
  constraint idempotency_keys_key_length check (length(key) between 1 and 255)
);
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
alter table idempotency_keys enable row level security;
comment on table idempotency_keys is 'Answers of writes by Idempotency-Key. Touched by app.run alone.';

create policy idempotency_keys_worker on idempotency_keys for all to posthaste_worker using (true) with check (true);
grant select (caller, route, key, expires_at), delete on idempotency_keys to posthaste_worker;

-- The stored answer of a repeat, or null. Takes the lock of the key, so that two requests never run side by side.
create function app.repeated(caller text, repeat jsonb, wait boolean) returns text[]
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

create function app.remember(caller text, repeat jsonb, answer text[]) returns void
language sql security definer set search_path = public, pg_temp
as $$
  insert into idempotency_keys as k (caller, route, key, body_hash, answer)
  values (caller, repeat ->> 'route', repeat ->> 'key', repeat ->> 'bodyHash',
    case when repeat ->> 'secret' = 'true' then null else answer end)
  on conflict (caller, route, key) do update
    set body_hash = excluded.body_hash, answer = excluded.answer, created_at = excluded.created_at, expires_at = excluded.expires_at
$$;

-- Cuts the rows' text into parts below the Data API's 64 KiB per row.
create function app.parts(lines text) returns setof text
language plpgsql immutable
as $$
declare
  size integer := case when octet_length(lines) = length(lines) then 60000 else 15000 end;
begin
  for start in 1 .. length(lines) by size loop
    return next substr(lines, start, size);
  end loop;
end
$$;

create function app.run(call jsonb, statement text, parameters text[]) returns setof text
language plpgsql security invoker set search_path = public, pg_temp
as $$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  repeat jsonb := call -> 'repeat';
  stored text[];
  answer text[] := '{}';
  line record;
begin
  perform set_config('app.request_id', coalesce(call ->> 'requestId', ''), true),
    set_config('app.user_id', '', true), set_config('app.session_id', '', true);
  if kind = 'actor' then
    perform app.check_alive((call ->> 'userId')::uuid, (call ->> 'sessionId')::uuid);
    perform set_config('app.user_id', call ->> 'userId', true), set_config('app.session_id', call ->> 'sessionId', true);
  elsif kind is null or kind not in ('public', 'worker') then
    raise exception 'unknown kind of call' using errcode = 'PH000';
  end if;

  if repeat is not null then
    stored := app.repeated(caller, repeat, coalesce((repeat ->> 'look')::boolean, false));
    if stored is not null and not coalesce((repeat ->> 'look')::boolean, false) then
      return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
      return;
    end if;
  end if;

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

  return query select app.parts(array_to_string(answer, E'\n') || E'\n')  where cardinality(answer) > 0;
  if stored is not null then
    return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
  end if;
end
$$;
comment on function app.run is
  'One Data API call: checks that person and session are alive (PH401), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with ! opens a stored answer.';

grant execute on function app.run(jsonb, text, text[]), app.parts(text) to posthaste_api, posthaste_worker;
grant execute on function app.repeated(text, jsonb, boolean), app.remember(text, jsonb, text[]) to posthaste_api;

-- Every table with a version or updated_at column keeps them by this trigger.
create function app.touch() returns trigger
language plpgsql
as $$
begin
  new.updated_at := app.now();
  new.version := old.version + 1;
  return new;
end
$$;
comment on function app.touch() is 'Before update: raises version, sets updated_at.';
