create or replace function app.honour_invitation() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  given text;
begin
  update user_invitations i set accepted_at = app.now(), accepted_by = new.id
  where i.email = new.email and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now()
  returning i.role into given;
  if given <> 'user' then
    update users u set role = given where u.id = new.id and u.role = 'user';
  end if;
  return null;
end
$$;
comment on function app.honour_invitation() is 'The address is proven, and that was what the invitation was sent to: no token is asked for here.';

create or replace function app.verify_email(token_hash text) returns table (outcome text, user_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  used email_verification_tokens;
  person users;
begin
  update email_verification_tokens t set used_at = app.now()
  from users u
  where t.token_hash = verify_email.token_hash and t.used_at is null and t.expires_at > app.now()
    and u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  returning t.* into used;
  if used.id is null then
    return query select 'invalid_token', null::uuid;
    return;
  end if;
  select * into person from users u where u.id = used.user_id for no key update;
  if used.email is null then
    if used.password_hash is not null and app.is_unclaimed(person) then
      update users u set password_hash = used.password_hash, display_name = used.display_name where u.id = person.id;
    end if;
    update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.email is null and t.used_at is null;
    update users u set email_verified_at = coalesce(u.email_verified_at, app.now()) where u.id = person.id;
    if used.username is not null and person.username is null then
      begin
        update users u set username = used.username, username_skeleton = used.username_skeleton
        where u.id = person.id and app.is_username_free(used.username_skeleton, used.username, person.id);
      exception when unique_violation then
        null; -- somebody was quicker: the person chooses another in the profile
      end;
    end if;
  else
    begin
      update users u set email = used.email, email_verified_at = app.now() where u.id = person.id;
    exception when unique_violation then
      return query select 'invalid_token', null::uuid;
      return;
    end;
    -- What was sent to the old address opens nothing any more.
    update password_reset_tokens r set used_at = app.now() where r.user_id = person.id and r.used_at is null;
    update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
    perform app.write_mail(jsonb_build_object('template', 'email-changed', 'to', person.email), false);
  end if;
  return query select 'ok', person.id;
end
$$;

create or replace function app.register(email text, password_hash text, display_name text, token_hash text, link text,
  username text default null, username_skeleton text default null, invitation_hash text default null)
returns table (outcome text, mail_id uuid, recipient text, payload jsonb)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  if not app.may_register(register.email, register.invitation_hash) then
    return query
      select case s.registration when 'invite_only' then 'invitation_needed' else 'registration_closed' end, null::uuid, null::text, null::jsonb
      from installation_settings s;
    return;
  end if;
  if register.username is not null and not app.is_username_free(register.username_skeleton, register.username, null) then
    return query select 'username_taken', null::uuid, null::text, null::jsonb;
    return;
  end if;
  insert into users (email, password_hash, display_name)
  values (register.email, register.password_hash, register.display_name)
  on conflict (email) where deleted_at is null do nothing
  returning * into person;
  if person.id is not null then
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton)
    values (person.id, register.token_hash, register.username, register.username_skeleton);
    content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
  else
    select * into person from users u where u.email = register.email and u.deleted_at is null;
    if app.is_unclaimed(person) then
      -- Somebody else may have written the address down first: with each link goes what its own registration said.
      insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, password_hash, display_name)
      values (person.id, register.token_hash, register.username, register.username_skeleton, register.password_hash, register.display_name);
      content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
    end if;
  end if;
  if content is null then
    content := jsonb_build_object('template', 'already-registered', 'to', register.email);
  end if;
  return query select 'ok', app.write_mail(content, true), register.email, content;
end
$$;

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
  -- The row is held: a new password, or the end of the account, comes before this login or ends its session.
  select * into person from users u where u.email = log_in.email and u.deleted_at is null for no key update;
  trusted := exists (
    select from user_sessions s
    where s.user_id = person.id and s.created_at > app.now() - interval '60 days'
      and s.ip <<= network(set_masklen(address, case family(address) when 6 then 64 else 32 end)))
    or exists (
    select from auth_attempts a
    where a.subject = subject_hash and a.source = 'reset:' || caller and a.last_at > app.now() - interval '1 day');
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

alter table email_verification_tokens drop column invitation_token_hash;
