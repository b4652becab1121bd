-- Old code keeps working: yes (from 0130 on; before that it logged in by a function that is gone).
-- What a thief has begun ends with the new password, an unlocked account is open, and invitations end with the office behind them.

comment on column auth_attempts.source is
  '* for the whole account; address:… one caller; session:… one session; mail:… mails of one purpose; reset:… a caller who chose a new password.';

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
  update users u set password_hash = reset_password.password_hash, email_verified_at = coalesce(u.email_verified_at, app.now())
  where u.id = (select t.user_id from password_reset_tokens t where t.token_hash = reset_password.token_hash)
    and u.status = 'active' and u.deleted_at is null
  returning u.* into person;
  if person.id is null then
    return query select 'invalid_token';
    return;
  end if;
  update users u set failed_login_attempts = 0, locked_until = null
  where u.id = person.id and (u.failed_login_attempts > 0 or u.locked_until is not null);
  delete from auth_attempts a where a.subject = app.attempt_subject(person.email) and a.source not like 'mail:%';
  -- Whoever has read the mail logs in from here, however many others guess meanwhile.
  insert into auth_attempts (subject, source)
  values (app.attempt_subject(person.email), 'reset:' || app.address_caller(current_setting('app.ip', true)))
  on conflict on constraint auth_attempts_pkey do update set last_at = app.now();
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password reset' where s.user_id = person.id and s.revoked_at is null;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email), false);
  return query select 'ok';
end
$$;

create or replace function app.change_password(presented_hash text, new_hash text) returns table (outcome text, wait_s integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  proof record;
  person users;
begin
  select * into proof from app.prove_password(change_password.presented_hash);
  if proof.outcome <> 'ok' then
    return query select proof.outcome, proof.wait_s;
    return;
  end if;
  update users u set password_hash = change_password.new_hash where u.id = app.user_id() returning u.* into person;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password changed'
  where s.user_id = person.id and s.revoked_at is null and s.id is distinct from app.session_id();
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  -- What somebody else may have begun with the old one, or with a session that has just ended, is not finished.
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  delete from sign_in_tickets t where t.user_id = person.id;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email), false);
  return query select 'ok', null::integer;
end
$$;

create or replace function app.end_sessions(person uuid, because text) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  delete from sign_in_tickets t where t.user_id = person;
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
$$;

create or replace function app.force_password_reset(person uuid, token_hash text, link text)
returns table (outcome text, mail_id uuid, recipient text, display_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null and app.is_staff('admin') for no key update;
  if who.id is null then
    return query select 'not_found', null::uuid, null::text, null::text;
    return;
  end if;
  update users u set password_hash = null where u.id = person;
  perform app.end_sessions(person, 'a new password was demanded by an administrator');
  update password_reset_tokens t set used_at = app.now() where t.user_id = person and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person and t.email is not null and t.used_at is null;
  insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (person, force_password_reset.token_hash, app.now() + interval '24 hours');
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'password-demanded', 'to', who.email, 'name', who.display_name, 'link', link),
    app.now() + interval '60 seconds')
  returning e.id into mail_id;
  return query select 'ok', force_password_reset.mail_id, who.email, who.display_name;
end
$$;

create or replace function app.administer(person uuid, action text, value text, expected_version integer)
returns table (outcome text, account users)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null for no key update;
  outcome := case
    when who.id is null or not app.is_staff('admin') then 'not_found'
    when who.version <> expected_version then 'stale'
    when who.id = app.user_id() and action in ('role', 'deactivate', 'delete') then 'not_oneself'
    when action = 'deactivate' and who.status <> 'active' then 'wrong_state'
    when action = 'reactivate' and who.status = 'active' and who.deletion_requested_at is null then 'wrong_state'
    when action = 'delete' and who.deletion_requested_at is not null then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    case action
      when 'role' then
        update users u set role = value where u.id = person;
      when 'deactivate' then
        update users u set status = 'deactivated', status_reason = value where u.id = person;
      when 'reactivate' then
        update users u set status = 'active', status_reason = null, deletion_requested_at = null where u.id = person;
      when 'delete' then
        update users u set status = 'deactivated', status_reason = value, deletion_requested_at = app.now() where u.id = person;
      when 'verify-email' then
        update users u set email_verified_at = app.now() where u.id = person and u.email_verified_at is null;
      when 'unlock' then
        update users u set failed_login_attempts = 0, locked_until = null where u.id = person;
        delete from auth_attempts a where a.subject = app.attempt_subject(who.email) and a.source not like 'mail:%';
        delete from proof_tries p where p.user_id = person;
      when 'sign-out' then
        null;
    end case;
    if action in ('deactivate', 'delete', 'sign-out') then
      perform app.end_sessions(person, case action when 'sign-out' then 'signed out by an administrator' else 'deactivated' end);
    end if;
  end if;
  select u.* into account from users u where u.id = person and outcome = 'ok';
  return next;
end
$$;

create or replace function app.invite(project uuid, email text, role text, permissions text[], token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, expires_at timestamptz, mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made project_invitations;
begin
  -- First the project, then what the actor may in it: who is being sent away waits here, and invites nobody any more.
  if project = any (app.projects_of('manage')) then
    perform from projects p where p.id = project for no key update;
  end if;
  if project <> all (app.projects_of('manage')) then
    return query select case when project = any (app.projects_of('read')) then 'forbidden' else 'not_found' end,
      null::uuid, null::timestamptz, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  -- An invitation that nobody answered in time makes way for a new one.
  update project_invitations i set revoked_at = app.now()
  where i.project_id = project and i.email = invite.email and i.expires_at <= app.now()
    and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  outcome := case
    when exists (
      select from project_collaborators c join users u on u.id = c.user_id
      where c.project_id = project and u.email = invite.email and u.deleted_at is null) then 'already_member'
    when exists (
      select from project_invitations i where i.project_id = project and i.email = invite.email
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) then 'already_invited'
    when (
      select count(*) from project_invitations i where i.project_id = project and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) >= 100 then 'limit_reached'
    else 'ok' end;
  if outcome <> 'ok' then
    return next;
    return;
  end if;
  insert into project_invitations as i (project_id, email, role, permissions, token_hash, created_by)
  values (project, invite.email, invite.role, invite.permissions, invite.token_hash, app.user_id())
  returning i.* into made;
  return query select 'ok', made.id, made.created_at, made.expires_at, m.* from app.mail_invitation(made, link) m;
end
$$;

-- Who holds an office no more asks nobody in any more, and whoever was asked in their name stays outside.
create function app.end_office() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update user_invitations i set revoked_at = app.now()
  where i.created_by = new.id and i.accepted_at is null and i.revoked_at is null;
  if new.status <> 'active' or new.role = 'viewer' then
    update project_invitations i set revoked_at = app.now()
    where i.created_by = new.id and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  end if;
  return null;
end
$$;
comment on function app.end_office() is 'Open invitations end with the role or the account of who sent them; being let in again revives none.';
create trigger users_office_ended after update of role, status on users for each row
  when ((old.role = 'admin' and new.role <> 'admin') or (new.role = 'viewer' and old.role <> 'viewer')
    or (old.status = 'active' and new.status <> 'active'))
  execute function app.end_office();

-- What has ended stays ended, whoever writes.
create function app.stay_ended() returns trigger
language plpgsql
as $$
begin
  raise exception 'what was revoked stays revoked' using errcode = '42501';
end
$$;
create trigger user_sessions_stay_ended before update of revoked_at on user_sessions for each row
  when (old.revoked_at is not null and new.revoked_at is null) execute function app.stay_ended();
create trigger project_invitations_stay_ended before update of revoked_at on project_invitations for each row
  when (old.revoked_at is not null and new.revoked_at is null) execute function app.stay_ended();
create trigger user_invitations_stay_ended before update of revoked_at on user_invitations for each row
  when (old.revoked_at is not null and new.revoked_at is null) execute function app.stay_ended();
create trigger report_links_stay_ended before update of revoked_at on report_links for each row
  when (old.revoked_at is not null and new.revoked_at is null) execute function app.stay_ended();
create trigger review_links_stay_ended before update of revoked_at on review_links for each row
  when (old.revoked_at is not null and new.revoked_at is null) execute function app.stay_ended();

-- Invitations are made by app.invite, which counts and mails them.
drop policy project_invitations_insert on project_invitations;
revoke insert (project_id, email, role, permissions, token_hash, created_by, expires_at) on project_invitations from posthaste_api;

-- A session without a proof, and a hash that leaves: nothing has asked for either since 0130 and 0135.
revoke execute on function app.open_session(uuid, text, text, text, jsonb) from posthaste_public;
drop function app.login_candidate(text);
comment on table users is 'People who can log in. password_hash is read by functions alone, and leaves none of them.';
