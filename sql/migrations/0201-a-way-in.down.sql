-- Old code keeps working: no (it asks for the seconds to wait).
-- Whoever guesses from an owner's own place keeps them out there again.

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
  if person.password_hash is distinct from log_in.presented_hash or person.password_hash is null or person.status <> 'active'
    -- Told apart, it would tell who is new here: whoever registers an address knows the password that they gave.
    or person.email_verified_at is null then
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
  return query
    select i.outcome, person.id, i.session_id, null::integer
    from app.sign_in(person.id, log_in.refresh_hash, log_in.user_agent, log_in.ip, log_in.device) i;
end
$$;

create or replace function app.ask_password_reset(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  if not app.count_mail(ask_password_reset.email, 'reset') then
    return query select 'ok', null::uuid, null::text;
    return;
  end if;
  select * into person from users u where u.email = ask_password_reset.email and u.deleted_at is null and u.status = 'active';
  if person.id is null then
    content := jsonb_build_object('template', 'no-account', 'to', ask_password_reset.email);
  else
    insert into password_reset_tokens (user_id, token_hash) values (person.id, ask_password_reset.token_hash);
    content := jsonb_build_object('template', 'reset-password', 'to', ask_password_reset.email, 'link', ask_password_reset.link);
  end if;
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$$;

drop function app.change_email(text, text, text);
create function app.change_email(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  select * into person from users u where u.id = app.user_id();
  if person.email = change_email.email then
    return query select 'wrong_state', null::uuid, null::text;
    return;
  end if;
  -- By the one who asks as by the one who is written to: nobody fills another's box from many accounts.
  if not app.count_mail(person.email, 'change') or not app.count_mail(change_email.email, 'new') then
    return query select 'too_many_requests', null::uuid, null::text;
    return;
  end if;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.email is not null and t.used_at is null;
  if exists (select from users u where u.email = change_email.email and u.deleted_at is null and not app.is_unclaimed(u)) then
    content := jsonb_build_object('template', 'already-registered', 'to', change_email.email);
  else
    insert into email_verification_tokens (user_id, token_hash, email) values (person.id, change_email.token_hash, change_email.email);
    content := jsonb_build_object('template', 'verify-new-email', 'to', change_email.email, 'link', change_email.link);
  end if;
  perform app.write_mail(jsonb_build_object('template', 'email-change-asked', 'to', person.email), false);
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$$;
comment on function app.change_email is
  'Whether somebody has the new address is told to that address alone. The old one hears of the wish and of the change.';
grant execute on function app.change_email(text, text, text) to posthaste_api;

drop function app.invite_user(text, text, text, text);
create function app.invite_user(email text, role text, token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, sent_at timestamptz, expires_at timestamptz, mail_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column -- `on conflict (email)` takes no qualified name
declare
  made user_invitations;
begin
  outcome := case
    when not app.is_staff('admin') then 'not_found'
    when (select s.registration from installation_settings s) = 'closed' then 'wrong_state'
    when exists (select from users u where u.email = invite_user.email and u.deleted_at is null and not app.is_unclaimed(u)) then 'already_registered'
    else 'ok' end;
  if outcome = 'ok' then
    -- One that nobody answered in time makes way for a new one.
    update user_invitations i set revoked_at = app.now()
    where i.email = invite_user.email and i.accepted_at is null and i.revoked_at is null and i.expires_at <= app.now();
    insert into user_invitations as i (email, role, token_hash, created_by)
    values (invite_user.email, invite_user.role, invite_user.token_hash, app.user_id())
    on conflict (email) where accepted_at is null and revoked_at is null do nothing
    returning i.* into made;
    outcome := case when made.id is null then 'already_invited' else 'ok' end;
  end if;
  return query select invite_user.outcome, made.id, made.created_at, made.sent_at, made.expires_at,
    case when invite_user.outcome = 'ok' then app.mail_user_invitation(made, link) end;
end
$$;
grant execute on function app.invite_user(text, text, text, text) to posthaste_api;

drop function app.resend_user_invitation(uuid, text, text);
create function app.resend_user_invitation(invitation uuid, token_hash text, link text)
returns table (outcome text, email text, expires_at timestamptz, mail_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  sent user_invitations;
begin
  select i.* into sent from user_invitations i where i.id = invitation and app.is_staff('admin') for update;
  outcome := case when sent.id is null then 'not_found' when num_nonnulls(sent.accepted_at, sent.revoked_at) > 0 then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    update user_invitations i
    set token_hash = resend_user_invitation.token_hash, sent_at = app.now(), expires_at = app.now() + interval '14 days'
    where i.id = sent.id returning i.* into sent;
  end if;
  return query select resend_user_invitation.outcome, sent.email, sent.expires_at,
    case when resend_user_invitation.outcome = 'ok' then app.mail_user_invitation(sent, link) end;
end
$$;
comment on function app.resend_user_invitation is 'The link of the mail before is good no more.';
grant execute on function app.resend_user_invitation(uuid, text, text) to posthaste_api;

drop function app.mail_wait_s(text, text, interval);
