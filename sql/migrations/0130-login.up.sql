-- Old code keeps working: yes (what it calls takes the same arguments).
-- Logging in: failures are counted by account and by caller, sessions know their device, end when idle, and a replay is told.

create table auth_attempts (
  subject text not null,
  source text not null,
  attempts integer not null default 0,
  last_at timestamptz not null default app.now(),
  blocked_until timestamptz,
  constraint auth_attempts_pkey primary key (subject, source),
  constraint auth_attempts_attempts_natural check (attempts >= 0),
  constraint auth_attempts_source_length check (length(source) between 1 and 100)
);
comment on table auth_attempts is
  'Failed proofs of a password, and mails that were asked for, of the last day. Kept for addresses that nobody has too, so that both are answered alike.';
comment on column auth_attempts.subject is 'Keyed hash of the e-mail address; never the address itself.';
comment on column auth_attempts.source is
  '* for the whole account; address:… one caller; session:… one session; mail:… mails of one purpose.';
comment on column auth_attempts.blocked_until is 'Failures: no proof is looked at before. Mails: end of the day that began with the first.';
create index auth_attempts_last_at_idx on auth_attempts (last_at);
alter table auth_attempts enable row level security;
create policy auth_attempts_worker on auth_attempts for all to posthaste_worker using (true) with check (true);
grant select (subject, source, last_at), delete on auth_attempts to posthaste_worker;

create function app.attempt_subject(email text) returns text
language sql stable security definer set search_path = public, pg_temp
as $$
  select encode(crypto.hmac(convert_to(attempt_subject.email, 'UTF8'), s.address_key, 'sha256'), 'hex') from installation_settings s
$$;

create function app.delay_s(attempts integer, free_attempts integer, first_s integer, most_s integer) returns integer
language sql immutable
as $$
  select case when attempts < free_attempts then 0 else least(most_s, first_s * power(2, least(attempts - free_attempts, 20)))::integer end
$$;
comment on function app.delay_s is 'Seconds to wait after so many failures: none, then first_s, doubling up to most_s.';

-- One failure more. A day without one forgets them all.
create function app.count_failure(subject text, source text, free_attempts integer, first_s integer, most_s integer)
returns table (attempts integer, blocked_until timestamptz)
language sql security definer set search_path = public, pg_temp
as $$
  insert into auth_attempts as a (subject, source, attempts)
  values (count_failure.subject, count_failure.source, 1)
  on conflict on constraint auth_attempts_pkey do update
    set attempts = case when a.last_at < app.now() - interval '1 day' then 1 else a.attempts + 1 end, last_at = app.now(),
      blocked_until = app.now() + make_interval(secs => app.delay_s(
        case when a.last_at < app.now() - interval '1 day' then 1 else a.attempts + 1 end, free_attempts, first_s, most_s))
  returning a.attempts, a.blocked_until
$$;

create function app.write_mail(payload jsonb, sent_by_door boolean) returns uuid
language sql security definer set search_path = public, pg_temp
as $$
  insert into outbox_events (kind, payload, lease_until)
  values ('mail', write_mail.payload, case when sent_by_door then app.now() + interval '60 seconds' end)
  returning id
$$;
comment on function app.write_mail is
  'sent_by_door: the door sends it after the commit, the sweep only if it could not. Granted to nobody: functions call it.';

create function app.recipe_of(password_hash text) returns text
language sql immutable
as $$
  select substring(password_hash from '^([$]argon2id[$]v=19[$]m=[0-9]+,t=[0-9]+,p=[0-9]+[$][A-Za-z0-9+/]+)[$][A-Za-z0-9+/]+$')
$$;
comment on function app.recipe_of is
  'Parameters and salt, by which a door makes the hash of what it was given; the hash itself stays here. Null for hashes of other systems.';

create function app.login_recipe(email text) returns table (recipe text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select app.recipe_of(u.password_hash) from users u where u.email = login_recipe.email and u.deleted_at is null
$$;

-- Opens a session for whoever has proven who they are. The one place that does.
drop function app.open_session(uuid, text, text, text);
create function app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text, device jsonb default '{}')
returns table (outcome text, session_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  address inet := app.to_inet(open_session.ip);
  wide cidr := network(set_masklen(address, case family(address) when 6 then 32 else 16 end));
  strange boolean;
  made user_sessions;
begin
  update users u set last_login_at = app.now()
  where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
  returning u.* into person;
  if person.id is null then
    return;
  end if;
  -- Known is a device that was seen under this name, and a neighbourhood that was seen at all. The first one surprises nobody.
  select count(*) > 0 and not (
      bool_or(s.device -> 'name' = open_session.device -> 'name' and s.device -> 'system' = open_session.device -> 'system')
      and bool_or(coalesce(s.ip <<= wide, s.ip is null and wide is null)))
  into strange
  from user_sessions s where s.user_id = person.id and s.device <> '{}';
  insert into user_sessions (user_id, refresh_hash, user_agent, ip, device)
  values (person.id, open_session.refresh_hash, open_session.user_agent, address, open_session.device)
  returning * into made;
  if strange then
    perform app.write_mail(jsonb_build_object('template', 'new-device', 'to', person.email, 'name', made.device ->> 'name',
      'system', made.device ->> 'system', 'ip', host(made.ip), 'at', to_char(made.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
  end if;
  return query select 'ok', made.id, made.expires_at;
end
$$;
comment on function app.open_session is 'Tells the person by mail where device or neighbourhood are new.';

-- The proof of a password, before anybody is known. A caller is held by its own failures; by those of others only for a moment,
-- and not at all where a session of the person was opened from within 60 days: nobody can keep an owner out.
create function app.log_in(email text, presented_hash text, refresh_hash text, user_agent text, ip text, device jsonb)
returns table (outcome text, user_id uuid, session_id uuid, wait_s integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  subject_hash text := app.attempt_subject(log_in.email);
  caller text := app.address_caller(log_in.ip);
  address inet := app.to_inet(log_in.ip);
  person users;
  trusted boolean;
  blocked timestamptz;
  counted record;
begin
  -- Guesses at once wait for each other, so that none is made with the count of before.
  perform pg_advisory_xact_lock(hashtextextended('app.log_in ' || subject_hash, 0));
  select * into person from users u where u.email = log_in.email and u.deleted_at is null;
  trusted := exists (
    select from user_sessions s
    where s.user_id = person.id and s.created_at > app.now() - interval '60 days'
      and s.ip <<= network(set_masklen(address, case family(address) when 6 then 64 else 32 end)));
  select max(a.blocked_until) into blocked from auth_attempts a
  where a.subject = subject_hash and (a.source = caller or (a.source = '*' and not trusted));
  if blocked > app.now() then
    perform app.write_audit('access', 'login.refused', person.id::text, null, person.id, null, '{"reason": "too_many_requests"}', null);
    return query select 'too_many_requests', null::uuid, null::uuid, ceil(extract(epoch from blocked - app.now()))::integer;
    return;
  end if;
  if person.password_hash is distinct from log_in.presented_hash or person.password_hash is null or person.status <> 'active' then
    perform app.count_failure(subject_hash, caller, 5, 30, 900);
    select * into counted from app.count_failure(subject_hash, '*', 30, 1, 60);
    update users u set failed_login_attempts = counted.attempts,
      locked_until = case when counted.blocked_until > app.now() then counted.blocked_until end
    where u.id = person.id;
    perform app.write_audit('access', 'login.refused', person.id::text, null, person.id, null, '{"reason": "invalid_credentials"}', null);
    return query select 'invalid_credentials', null::uuid, null::uuid, null::integer;
    return;
  end if;
  delete from auth_attempts a where a.subject = subject_hash and a.source in (caller, '*');
  update users u set failed_login_attempts = 0, locked_until = null
  where u.id = person.id and (u.failed_login_attempts > 0 or u.locked_until is not null);
  if person.email_verified_at is null then
    return query select 'email_not_verified', null::uuid, null::uuid, null::integer;
    return;
  end if;
  return query
    select o.outcome, person.id, o.session_id, null::integer
    from app.open_session(person.id, log_in.refresh_hash, log_in.user_agent, log_in.ip, log_in.device) o;
end
$$;
comment on function app.log_in is
  'ok; invalid_credentials; too_many_requests with wait_s, for addresses that nobody has alike; email_not_verified for those alone who know the password. Refusals are written to the log, sessions by their own trigger.';

-- A hash by other parameters gives way to today's, for whoever has just shown the password.
create function app.renew_password_hash(session_id uuid, presented_hash text, new_hash text) returns table (outcome text)
language sql security definer set search_path = public, pg_temp
as $$
  update users u set password_hash = renew_password_hash.new_hash
  from user_sessions s
  where s.id = renew_password_hash.session_id and s.revoked_at is null and u.id = s.user_id
    and u.password_hash = renew_password_hash.presented_hash
  returning 'ok'
$$;

-- One use, one successor, as before. A replay ends the session and tells the person, by mail and in the notifications; a
-- session that was not refreshed for 14 days has ended.
create or replace function app.rotate_session(session_id uuid, presented_hash text, successor_hash text)
returns table (outcome text, user_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  s user_sessions;
  person users;
begin
  select * into s from user_sessions us where us.id = rotate_session.session_id for update;
  select * into person from users u where u.id = s.user_id and u.status = 'active' and u.deleted_at is null;
  if s.id is null or s.revoked_at is not null or s.expires_at <= app.now() or s.last_used_at <= app.now() - interval '14 days'
    or person.id is null then
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  elsif s.refresh_hash = presented_hash then
    update user_sessions us
    set refresh_hash = successor_hash, previous_hash = presented_hash, rotated_at = app.now(), last_used_at = app.now()
    where us.id = s.id;
    return query select 'ok', s.user_id, s.expires_at;
  elsif s.previous_hash = presented_hash and s.refresh_hash = successor_hash
    and s.rotated_at > app.now() - interval '20 seconds' then
    return query select 'ok', s.user_id, s.expires_at;
  else
    update user_sessions us set revoked_at = app.now(), revoked_because = 'refresh token replayed' where us.id = s.id;
    insert into notifications (user_id, kind, payload) values (s.user_id, 'session.replayed', jsonb_build_object('sessionId', s.id));
    perform app.write_mail(jsonb_build_object('template', 'session-replayed', 'to', person.email, 'name', s.device ->> 'name',
      'system', s.device ->> 'system', 'ip', host(s.ip), 'at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$$;

-- A signed-in person shows the password once more. Guesses count against the session, and no other one.
create function app.own_recipe() returns text
language sql stable security definer set search_path = public, pg_temp
as $$
  select app.recipe_of(u.password_hash) from users u where u.id = app.user_id()
$$;

create function app.prove_password(presented_hash text) returns table (outcome text, wait_s integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  subject_hash text;
  session text := 'session:' || coalesce(app.session_id()::text, 'none');
  blocked timestamptz;
begin
  select * into person from users u where u.id = app.user_id();
  subject_hash := app.attempt_subject(person.email);
  perform pg_advisory_xact_lock(hashtextextended('app.log_in ' || subject_hash, 0));
  select a.blocked_until into blocked from auth_attempts a where a.subject = subject_hash and a.source = session;
  if blocked > app.now() then
    return query select 'too_many_requests', ceil(extract(epoch from blocked - app.now()))::integer;
  elsif person.password_hash = prove_password.presented_hash then
    delete from auth_attempts a where a.subject = subject_hash and a.source = session;
    return query select 'ok', null::integer;
  else
    perform app.count_failure(subject_hash, session, 5, 30, 900);
    perform app.write_audit('access', 'password.refused', person.id::text, null, person.id, null, '{"reason": "wrong_password"}', null);
    return query select 'wrong_password', null::integer;
  end if;
end
$$;
comment on function app.prove_password is 'ok, wrong_password, or too_many_requests with wait_s.';

grant execute on function app.login_recipe(text), app.log_in(text, text, text, text, text, jsonb),
  app.open_session(uuid, text, text, text, jsonb), app.renew_password_hash(uuid, text, text) to posthaste_public;
grant execute on function app.own_recipe(), app.prove_password(text) to posthaste_api;
