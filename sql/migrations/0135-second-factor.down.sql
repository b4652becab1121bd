drop function app.step_up_by_password(text);
drop function app.step_up_by_code(uuid, bigint, text);
drop function app.elevate();
drop function app.open_step_up();
drop function app.recovery_codes_left();
drop function app.replace_recovery_codes(text[]);
drop function app.remove_factor(uuid);
drop function app.confirm_factor(uuid, bigint, text[]);
drop function app.open_enrolment(uuid);
drop function app.enrol_factor(uuid, text, text);
drop trigger password_reset_tokens_end_tickets on password_reset_tokens;
drop function app.end_tickets();
drop function app.use_ticket(text, uuid, bigint, text, text, text, text, jsonb);
drop function app.open_ticket(text);
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
    select o.outcome, person.id, o.session_id, null::integer
    from app.open_session(person.id, log_in.refresh_hash, log_in.user_agent, log_in.ip, log_in.device) o;
end
$$;
comment on function app.log_in is
  'ok; invalid_credentials; too_many_requests with wait_s, for addresses that nobody has alike; email_not_verified for those alone who know the password. Refusals are written to the log, sessions by their own trigger.';
drop function app.sign_in(uuid, text, text, text, jsonb);
drop function app.use_factor(uuid, uuid, bigint, text);
drop function app.totp_factors(uuid);
drop function app.try_proof(uuid);
drop function app.tell_factor(uuid, jsonb);
drop table proof_tries;
drop table sign_in_tickets;
drop trigger mfa_factors_touch on mfa_factors;
comment on column mfa_factors.secret_sealed is null;
alter table mfa_factors drop column version, drop column updated_at;
grant delete on mfa_factors to posthaste_api;
revoke update (name) on mfa_factors from posthaste_api;
