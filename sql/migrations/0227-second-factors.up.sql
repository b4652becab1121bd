-- Old code keeps working: yes.
-- Whoever chooses a new password by mail need not wait for the wrong codes of others; of apps that were begun one is left.

create or replace function app.enrol_factor(factor_id uuid, name text, secret_sealed text)
returns table (outcome text, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- Two at once come one after the other: of apps that were begun and never confirmed there is one.
  perform from users u where u.id = app.user_id() for no key update;
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

create or replace function app.reset_password(token_hash text, password_hash text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
begin
  -- Of two with the same link one waits here, and finds it used.
  update password_reset_tokens t set used_at = app.now()
  where t.token_hash = reset_password.token_hash and t.used_at is null and t.expires_at > app.now();
  if not found then
    return query select 'invalid_token';
    return;
  end if;
  select u.* into person from users u
  where u.id = (select t.user_id from password_reset_tokens t where t.token_hash = reset_password.token_hash)
    and u.status = 'active' and u.deleted_at is null
  for no key update;
  if person.id is null then
    return query select 'invalid_token';
    return;
  end if;
  perform app.forget_registration(person.id);
  -- Whoever chooses the password here reads the mail of the address, and is whom an invitation to it was meant for.
  perform set_config('app.invitation_hash', '*', true);
  update users u set password_hash = reset_password.password_hash, email_verified_at = coalesce(u.email_verified_at, app.now())
  where u.id = person.id;
  perform set_config('app.invitation_hash', '', true);
  update users u set failed_login_attempts = 0, locked_until = null
  where u.id = person.id and (u.failed_login_attempts > 0 or u.locked_until is not null);
  -- Nor does it go on waiting for wrong codes of somebody who knew the old password: the links of a day are few.
  delete from proof_tries p where p.user_id = person.id;
  delete from auth_attempts a where a.subject = app.attempt_subject(person.email) and a.source not like 'mail:%';
  -- Whoever has read the mail logs in from here, however many others guess meanwhile.
  insert into auth_attempts (subject, source)
  values (app.attempt_subject(person.email), 'reset:' || app.address_caller(current_setting('app.ip', true)))
  on conflict on constraint auth_attempts_pkey do update set last_at = app.now();
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password reset' where s.user_id = person.id and s.revoked_at is null;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email) || app.other_ways_in(person.id), false);
  return query select 'ok';
end
$$;
