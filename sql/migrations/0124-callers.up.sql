-- Old code keeps working: yes (calls without the new members are answered as before).
-- Who calls: API keys beside sessions, sessions that must prove themselves anew, and how often each may call.

create table installation_settings (
  singleton boolean not null default true,
  registration text not null default 'open',
  address_key bytea not null default crypto.gen_random_bytes(32),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint installation_settings_pkey primary key (singleton),
  constraint installation_settings_one_row check (singleton),
  constraint installation_settings_registration_known check (registration in ('open', 'invite_only', 'closed')),
  constraint installation_settings_address_key_length check (octet_length(address_key) = 32)
);
comment on table installation_settings is 'What an operator decides for everybody; one row.';
comment on column installation_settings.singleton is 'Always true: there is one row.';
comment on column installation_settings.registration is 'open: anybody registers; invite_only: who holds an invitation; closed: nobody.';
comment on column installation_settings.address_key is 'Under which addresses are hashed for counting. Granted to nobody.';
insert into installation_settings default values;
create trigger installation_settings_touch before update on installation_settings for each row execute function app.touch();
alter table installation_settings enable row level security;
create policy installation_settings_staff on installation_settings for all to posthaste_api using ((select app.is_staff('admin')));
create policy installation_settings_worker on installation_settings for select to posthaste_worker using (true);
grant select (registration, created_at, updated_at, version), update (registration) on installation_settings to posthaste_api;
grant select (registration) on installation_settings to posthaste_worker;
create trigger installation_settings_audit after update on installation_settings for each row
  execute function app.audit('{singleton}', '', '', '{registration}', '{}', '{}');

create function app.may_register(email text, token_hash text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select case s.registration
    when 'open' then true
    when 'invite_only' then exists (
      select from project_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
    else false
  end
  from installation_settings s
$$;
comment on function app.may_register is 'Whether somebody with this address, and the token of an invitation or null, may become a person here.';

-- How often: by class of door. Counted by app.run; what is not listed is not limited.
create table rate_limits (
  class text not null,
  max_requests integer not null,
  window_s integer not null,
  constraint rate_limits_pkey primary key (class),
  constraint rate_limits_class_form check (class ~ '^[a-z][a-z-]{0,29}$'),
  constraint rate_limits_max_requests_positive check (max_requests > 0),
  constraint rate_limits_window_s_range check (window_s between 1 and 86400)
);
comment on table rate_limits is 'Requests that one caller (person, key, address without either) may make in a window, by class of door.';
comment on column rate_limits.window_s is 'Seconds; windows begin at whole multiples of it.';
insert into rate_limits (class, max_requests, window_s) values
  ('read', 600, 60), ('write', 300, 60), ('upload', 120, 60), ('login', 20, 60), ('mail', 10, 600), ('heavy', 10, 3600);
alter table rate_limits enable row level security;
create policy rate_limits_staff on rate_limits for all to posthaste_api using ((select app.is_staff('admin')));
grant select, update (max_requests, window_s) on rate_limits to posthaste_api;

create function app.api_key_id() returns uuid
language sql stable parallel safe
as $$select nullif(current_setting('app.api_key_id', true), '')::uuid$$;
comment on function app.api_key_id() is 'The API key behind the statement; null for a session.';

create function app.key_project() returns uuid
language sql stable parallel safe
as $$select nullif(current_setting('app.key_project', true), '')::uuid$$;
comment on function app.key_project() is 'The project of the API key behind the statement; null for a session.';
grant execute on function app.api_key_id(), app.key_project()
  to posthaste_api, posthaste_public, posthaste_worker, posthaste_reporting;

create or replace function app.projects_of(permission text) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(c.project_id), '{}')
  from project_collaborators c join projects p on p.id = c.project_id join users u on u.id = c.user_id
  where c.user_id = app.user_id() and p.deleted_at is null and (permission = 'read' or u.role <> 'viewer')
    and (app.key_project() is null or c.project_id = app.key_project())
    and (permission = any (c.permissions) or case permission
      when 'read' then true
      when 'review' then c.role <> 'viewer'
      when 'approve' then c.role in ('owner', 'approver')
      when 'write' then c.role in ('owner', 'editor')
      when 'manage' then c.role = 'owner'
      else false
    end)
$$;
comment on function app.projects_of is
  'The projects in which the actor may: read (everybody in it), review (all but viewers), approve (owner, approver), write (owner, editor), manage (owner). An API key reaches its own project alone. Who is a viewer of the installation only reads, whatever the project says. Rights are read from tables on every statement, never from the token.';

create or replace function app.is_staff(role text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select app.api_key_id() is null and coalesce((
    select u.role = 'admin' or u.role = is_staff.role
    from users u where u.id = app.user_id() and u.status = 'active' and u.deleted_at is null), false)
$$;
comment on function app.is_staff is 'Whether the actor is moderator or admin of the installation; an admin is both. A key is neither, whoever made it.';

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

alter table user_sessions add column elevated_until timestamptz;
alter table user_sessions alter column elevated_until set default app.now() + interval '10 minutes';
comment on column user_sessions.elevated_until is 'Until then dangerous actions are taken: ten minutes from login or from POST /v1/auth/step-up.';
grant select (elevated_until) on user_sessions to posthaste_api;

create function app.check_elevated(session_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
  perform 1 from user_sessions s where s.id = check_elevated.session_id and s.elevated_until > app.now();
  if not found then
    raise exception 'the session must prove itself first' using errcode = 'PH405';
  end if;
end
$$;
grant execute on function app.check_elevated(uuid) to posthaste_api;

-- Whoever is counted where nobody is known: the address, IPv6 by its /64, under a key so that the row tells no address.
create function app.address_caller(ip text) returns text
language sql stable security definer set search_path = public, pg_temp
as $$
  select 'address:' || encode(substr(crypto.hmac(
    convert_to(coalesce(host(network(set_masklen(a.ip, case family(a.ip) when 6 then 64 else 32 end))), 'none'), 'UTF8'),
    s.address_key, 'sha256'), 1, 16), 'hex')
  from installation_settings s, (select app.to_inet(address_caller.ip) as ip) a
$$;

create function app.raise_rate(max_requests integer, window_s integer) returns void
language plpgsql stable
as $$
begin
  raise exception 'limit of % in % s reached, again in % s', max_requests, window_s,
    window_s - floor(extract(epoch from app.now()))::bigint % window_s using errcode = 'PH402';
end
$$;

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

-- After it: counts, so that the row is locked for the moment of the commit alone. Who went over meanwhile is undone.
create function app.count_request(caller text, class text, requests integer) returns jsonb
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  l rate_limits;
  total integer;
  began timestamptz;
begin
  select * into l from rate_limits r where r.class = count_request.class;
  if l.class is null then
    return '{}';
  end if;
  began := to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  insert into rate_counters as c (caller, class, window_start, count, expires_at)
  values (count_request.caller, l.class, began, requests, began + make_interval(secs => l.window_s))
  on conflict on constraint rate_counters_pkey do update set count = c.count + excluded.count
  returning c.count into total;
  if total >= l.max_requests + requests then
    perform app.raise_rate(l.max_requests, l.window_s);
  end if;
  return jsonb_build_object('max', l.max_requests, 'windowS', l.window_s, 'left', greatest(0, l.max_requests - total),
    'resetS', l.window_s - floor(extract(epoch from app.now()))::bigint % l.window_s);
end
$$;
comment on function app.count_request is 'requests: this one, and those of this caller that ended without a commit since the last.';
grant execute on function app.address_caller(text), app.raise_rate(integer, integer), app.check_rate(text, text),
  app.count_request(text, text, integer) to posthaste_api;

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
comment on function app.run is
  'One Data API call: checks that person and session, or API key and scope, are alive (PH401, PH403, PH405 step-up), that the caller has not asked too often (PH402), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with # tells of caller and limit, one that begins with ! opens a stored answer.';
