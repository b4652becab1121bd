comment on table users is 'People who can log in. password_hash is read by app.login_candidate alone.';
create function app.login_candidate(email text)
returns table (user_id uuid, password_hash text, verified boolean, active boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.id, u.password_hash, u.email_verified_at is not null, u.status = 'active'
  from users u where u.email = login_candidate.email and u.deleted_at is null and u.password_hash is not null
$$;
grant execute on function app.login_candidate(text) to posthaste_public;
grant execute on function app.open_session(uuid, text, text, text, jsonb) to posthaste_public;
grant insert (project_id, email, role, permissions, token_hash, created_by, expires_at) on project_invitations to posthaste_api;
create policy project_invitations_insert on project_invitations for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('manage'))::uuid[]) and created_by = (select app.user_id()));
drop trigger review_links_stay_ended on review_links;
drop trigger report_links_stay_ended on report_links;
drop trigger user_invitations_stay_ended on user_invitations;
drop trigger project_invitations_stay_ended on project_invitations;
drop trigger user_sessions_stay_ended on user_sessions;
drop function app.stay_ended();
drop trigger users_office_ended on users;
drop function app.end_office();

create or replace function app.invite(project uuid, email text, role text, permissions text[], token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, expires_at timestamptz, mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made project_invitations;
begin
  if project <> all (app.projects_of('manage')) then
    return query select case when project = any (app.projects_of('read')) then 'forbidden' else 'not_found' end,
      null::uuid, null::timestamptz, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  perform from projects p where p.id = project for no key update;
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
  insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (person, force_password_reset.token_hash, app.now() + interval '24 hours');
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'password-demanded', 'to', who.email, 'name', who.display_name, 'link', link),
    app.now() + interval '60 seconds')
  returning e.id into mail_id;
  return query select 'ok', force_password_reset.mail_id, who.email, who.display_name;
end
$$;

create or replace function app.end_sessions(person uuid, because text) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
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
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email), false);
  return query select 'ok', null::integer;
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
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password reset' where s.user_id = person.id and s.revoked_at is null;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email), false);
  return query select 'ok';
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

comment on column auth_attempts.source is
  '* for the whole account; address:… one caller; session:… one session; mail:… mails of one purpose.';
