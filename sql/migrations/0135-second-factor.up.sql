-- Old code keeps working: yes (it logs in whoever has a second factor without one: finish the rollout before telling people of it).
-- Second factors at work: the ticket between password and code, guesses that are counted, codes that are good once.

alter table mfa_factors
  add column updated_at timestamptz not null default app.now(),
  add column version integer not null default 1;
create trigger mfa_factors_touch before update on mfa_factors for each row
  when (old.name is distinct from new.name) execute function app.touch();
comment on column mfa_factors.version is 'Raised by a new name; that a code was used is no change of the factor.';
comment on column mfa_factors.secret_sealed is 'Sealed for this person and this factor: copied to another row it does not open.';
grant select (updated_at, version), update (name) on mfa_factors to posthaste_api;
revoke delete on mfa_factors from posthaste_api;

create table sign_in_tickets (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  tries integer not null default 0,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '10 minutes',
  used_at timestamptz,
  constraint sign_in_tickets_pkey primary key (id),
  constraint sign_in_tickets_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint sign_in_tickets_token_hash_key unique (token_hash),
  constraint sign_in_tickets_tries_natural check (tries >= 0)
);
comment on table sign_in_tickets is 'Who has shown the first factor and owes the second: ten minutes, ten tries, one use, a hash of the ticket.';
create index sign_in_tickets_user_id_idx on sign_in_tickets (user_id);
create index sign_in_tickets_expires_at_idx on sign_in_tickets (expires_at);
alter table sign_in_tickets enable row level security;
create policy sign_in_tickets_worker on sign_in_tickets for all to posthaste_worker using (true) with check (true);
grant select (id, expires_at), delete on sign_in_tickets to posthaste_worker;

create table proof_tries (
  user_id uuid not null,
  failures integer not null default 1,
  tried_at timestamptz not null default app.now(),
  blocked_until timestamptz,
  constraint proof_tries_pkey primary key (user_id),
  constraint proof_tries_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint proof_tries_failures_positive check (failures > 0)
);
comment on table proof_tries is 'Guesses at a person''s second factor since the last right one. Used through functions only.';
comment on column proof_tries.failures is 'Counted before the guess is looked at, so that many at once are many.';
alter table proof_tries enable row level security;

create function app.tell_factor(person uuid, about jsonb) returns void
language sql security definer set search_path = public, pg_temp
as $$
  select app.write_mail(jsonb_build_object('template', 'second-factor', 'to', u.email) || about, false)
  from users u where u.id = person
$$;
comment on function app.tell_factor is 'Who may have lost a second factor hears of what happens to it. Granted to nobody.';

create function app.try_proof(person uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  tried proof_tries;
begin
  insert into proof_tries as p (user_id) values (person)
  on conflict on constraint proof_tries_pkey do update set
    failures = case when p.tried_at < app.now() - interval '1 day' then 1 else p.failures + 1 end,
    tried_at = app.now(),
    blocked_until = case when p.failures >= 4 and p.tried_at >= app.now() - interval '1 day'
      then app.now() + least(interval '1 hour', interval '30 seconds' * 2 ^ least(p.failures - 4, 10)) end
  where p.blocked_until is null or p.blocked_until <= app.now()
  returning p.* into tried;
  if tried.user_id is null then
    return (select greatest(1, ceil(extract(epoch from p.blocked_until - app.now())))::integer from proof_tries p where p.user_id = person);
  end if;
  if tried.failures = 5 then
    perform app.tell_factor(person, '{"change": "guessed"}');
  end if;
  return 0;
end
$$;
comment on function app.try_proof is
  'Counts a guess; 0 where it may be looked at, else the seconds to wait: from the fifth wrong one in a row on, half a minute, doubled each time, an hour at most. Only who has the password or a session of the person gets so far. Granted to nobody.';

create function app.totp_factors(person uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'sealed', f.secret_sealed) order by f.id), '[]')
  from mfa_factors f where f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
$$;
comment on function app.totp_factors is 'Granted to nobody.';

create function app.use_factor(person uuid, factor_id uuid, step bigint, recovery_hash text) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  codes_left integer;
begin
  if recovery_hash is null then
    update mfa_factors f set last_step = step, last_used_at = app.now()
    where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
      and (f.last_step is null or f.last_step < step);
    if not found then
      return false;
    end if;
  else
    update mfa_factors f set code_hashes = array_remove(f.code_hashes, recovery_hash), last_used_at = app.now()
    where f.user_id = person and f.kind = 'recovery' and recovery_hash = any (f.code_hashes)
    returning cardinality(f.code_hashes) into codes_left;
    if codes_left is null then
      return false;
    end if;
    perform app.tell_factor(person, jsonb_build_object('change', 'recovery_code_used', 'left', codes_left));
  end if;
  delete from proof_tries p where p.user_id = person;
  return true;
end
$$;
comment on function app.use_factor is 'Whether the code was right and new: a time step and a recovery code are good once. Granted to nobody.';

create function app.sign_in(user_id uuid, secret_hash text, user_agent text, ip text, device jsonb)
returns table (outcome text, session_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
  if not exists (
    select from mfa_factors f where f.user_id = sign_in.user_id and f.kind = 'totp' and f.confirmed_at is not null
  ) then
    return query select o.outcome, o.session_id
      from app.open_session(sign_in.user_id, sign_in.secret_hash, sign_in.user_agent, sign_in.ip, sign_in.device) o;
    return;
  end if;
  delete from sign_in_tickets t where t.user_id = sign_in.user_id and t.expires_at <= app.now();
  return query insert into sign_in_tickets (user_id, token_hash)
    select u.id, sign_in.secret_hash from users u where u.id = sign_in.user_id and u.status = 'active' and u.deleted_at is null
    returning 'second_factor_needed', null::uuid;
end
$$;
comment on function app.sign_in is
  'After the first factor. secret_hash becomes that of the session''s refresh token, or, where a second factor is owed, that of the ticket for it.';

-- As before; whoever has a second factor gets a ticket for it instead of a session.
create or replace function app.log_in(email text, presented_hash text, refresh_hash text, user_agent text, ip text, device jsonb)
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
    select i.outcome, person.id, i.session_id, null::integer
    from app.sign_in(person.id, log_in.refresh_hash, log_in.user_agent, log_in.ip, log_in.device) i;
end
$$;
comment on function app.log_in is
  'ok; second_factor_needed, without a session; invalid_credentials; too_many_requests with wait_s, for addresses that nobody has alike; email_not_verified for those alone who know the password. Refusals are written to the log, sessions by their own trigger.';

create function app.open_ticket(ticket_hash text)
returns table (outcome text, retry_after_s integer, user_id uuid, factors jsonb, now_s text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  ticket sign_in_tickets;
  wait_s integer;
begin
  update sign_in_tickets t set tries = t.tries + 1
  from users u
  where t.token_hash = ticket_hash and t.used_at is null and t.expires_at > app.now() and t.tries < 10
    and u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  returning t.* into ticket;
  if ticket.id is null then
    return query select 'invalid_token', null::integer, null::uuid, null::jsonb, null::text;
    return;
  end if;
  wait_s := app.try_proof(ticket.user_id);
  if wait_s > 0 then
    update sign_in_tickets t set tries = t.tries - 1 where t.id = ticket.id;
    return query select 'too_many_requests', wait_s, null::uuid, null::jsonb, null::text;
    return;
  end if;
  return query select 'ok', 0, ticket.user_id, app.totp_factors(ticket.user_id), floor(extract(epoch from app.now()))::bigint::text;
end
$$;
comment on function app.open_ticket is 'Counts a try and gives what a code is checked against.';

create function app.use_ticket(ticket_hash text, factor_id uuid, step bigint, recovery_hash text, refresh_hash text, user_agent text, ip text,
  device jsonb)
returns table (outcome text, session_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  ticket sign_in_tickets;
begin
  select * into ticket from sign_in_tickets t
  where t.token_hash = ticket_hash and t.used_at is null and t.expires_at > app.now() for update;
  if ticket.id is null then
    return query select 'invalid_token', null::uuid;
    return;
  end if;
  if not app.use_factor(ticket.user_id, factor_id, step, recovery_hash) then
    return query select 'wrong_code', null::uuid;
    return;
  end if;
  update sign_in_tickets t set used_at = app.now() where t.id = ticket.id;
  return query select o.outcome, o.session_id from app.open_session(ticket.user_id, refresh_hash, user_agent, ip, device) o;
end
$$;
comment on function app.use_ticket is 'The second factor was shown: one ticket, one code, one session.';

-- Whoever resets a password ends what was begun with the old one.
create function app.end_tickets() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  delete from sign_in_tickets t where t.user_id = new.user_id;
  return null;
end
$$;
create trigger password_reset_tokens_end_tickets after update on password_reset_tokens for each row
  when (old.used_at is null and new.used_at is not null) execute function app.end_tickets();

grant execute on function app.open_ticket(text), app.use_ticket(text, uuid, bigint, text, text, text, text, jsonb) to posthaste_public;

create function app.enrol_factor(factor_id uuid, name text, secret_sealed text)
returns table (outcome text, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- Whoever begins anew gives up what was never confirmed.
  delete from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is null;
  if (select count(*) from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp') >= 10 then
    return query select 'too_many_factors', null::timestamptz;
    return;
  end if;
  return query insert into mfa_factors as f (id, user_id, kind, name, secret_sealed)
    values (factor_id, app.user_id(), 'totp', enrol_factor.name, enrol_factor.secret_sealed)
    returning 'ok', f.created_at;
end
$$;

create function app.open_enrolment(factor_id uuid)
returns table (outcome text, retry_after_s integer, secret_sealed text, now_s text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  factor mfa_factors;
  wait_s integer;
begin
  select * into factor from mfa_factors f where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp';
  if factor.id is null or factor.confirmed_at is not null then
    return query select case when factor.id is null then 'not_found' else 'wrong_state' end, null::integer, null::text, null::text;
    return;
  end if;
  wait_s := app.try_proof(factor.user_id);
  if wait_s > 0 then
    return query select 'too_many_requests', wait_s, null::text, null::text;
    return;
  end if;
  return query select 'ok', 0, factor.secret_sealed, floor(extract(epoch from app.now()))::bigint::text;
end
$$;

create function app.confirm_factor(factor_id uuid, step bigint, code_hashes text[])
returns table (outcome text, codes_made boolean)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  made boolean;
begin
  update mfa_factors f set confirmed_at = app.now(), last_step = step, last_used_at = app.now()
  where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is null
  returning f.user_id into person;
  if person is null then
    return query select 'wrong_state', null::boolean;
    return;
  end if;
  insert into mfa_factors (user_id, kind, code_hashes, confirmed_at)
  values (person, 'recovery', confirm_factor.code_hashes, app.now())
  on conflict (user_id) where kind = 'recovery' do nothing
  returning true into made;
  delete from proof_tries p where p.user_id = person;
  perform app.tell_factor(person, '{"change": "added"}');
  return query select 'ok', coalesce(made, false);
end
$$;
comment on function app.confirm_factor is 'The first factor brings the recovery codes; later ones leave them as they are.';

create function app.remove_factor(factor_id uuid) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  gone mfa_factors;
begin
  delete from mfa_factors f where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' returning f.* into gone;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if gone.confirmed_at is not null then
    delete from mfa_factors f where f.user_id = gone.user_id and f.kind = 'recovery' and not exists (
      select from mfa_factors o where o.user_id = gone.user_id and o.kind = 'totp' and o.confirmed_at is not null);
    perform app.tell_factor(gone.user_id, '{"change": "removed"}');
  end if;
  return query select 'ok';
end
$$;
comment on function app.remove_factor is 'With the last authenticator go the recovery codes.';

create function app.replace_recovery_codes(code_hashes text[]) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update mfa_factors f set code_hashes = replace_recovery_codes.code_hashes, confirmed_at = app.now(), last_used_at = null
  where f.user_id = app.user_id() and f.kind = 'recovery';
  if not found then
    return query select 'wrong_state';
    return;
  end if;
  perform app.tell_factor(app.user_id(), '{"change": "recovery_codes_made"}');
  return query select 'ok';
end
$$;

create function app.recovery_codes_left() returns integer
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce((select cardinality(f.code_hashes) from mfa_factors f where f.user_id = app.user_id() and f.kind = 'recovery'), 0)
$$;

create function app.open_step_up()
returns table (outcome text, retry_after_s integer, factors jsonb, now_s text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  wait_s integer := app.try_proof(app.user_id());
begin
  if wait_s > 0 then
    return query select 'too_many_requests', wait_s, null::jsonb, null::text;
    return;
  end if;
  return query select 'ok', 0, app.totp_factors(app.user_id()), floor(extract(epoch from app.now()))::bigint::text;
end
$$;
comment on function app.open_step_up is 'Counts a guess and gives what the actor''s own code is checked against.';

create function app.elevate() returns timestamptz
language sql security definer set search_path = public, pg_temp
as $$
  update user_sessions s set elevated_until = app.now() + interval '10 minutes' where s.id = app.session_id() returning s.elevated_until
$$;
comment on function app.elevate is 'Granted to nobody: whoever calls it has seen a proof.';

create function app.step_up_by_code(factor_id uuid, step bigint, recovery_hash text)
returns table (outcome text, elevated_until timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not app.use_factor(app.user_id(), factor_id, step, recovery_hash) then
    return query select 'wrong_code', null::timestamptz;
    return;
  end if;
  return query select 'ok', app.elevate();
end
$$;

create function app.step_up_by_password(presented_hash text)
returns table (outcome text, wait_s integer, elevated_until timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  proof record;
begin
  if exists (select from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is not null) then
    return query select 'second_factor_needed', null::integer, null::timestamptz;
    return;
  end if;
  select * into proof from app.prove_password(presented_hash);
  return query select proof.outcome, proof.wait_s, case when proof.outcome = 'ok' then app.elevate() end;
end
$$;
comment on function app.step_up_by_password is 'For who has no second factor: whoever has one shows that.';

grant execute on function app.enrol_factor(uuid, text, text), app.open_enrolment(uuid), app.confirm_factor(uuid, bigint, text[]),
  app.remove_factor(uuid), app.replace_recovery_codes(text[]), app.recovery_codes_left(), app.open_step_up(),
  app.step_up_by_code(uuid, bigint, text), app.step_up_by_password(text) to posthaste_api;
