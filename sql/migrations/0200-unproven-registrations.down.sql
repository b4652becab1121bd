-- Old code keeps working: yes.
-- A registration's first password and name stand with the person again.

create function app.nobodys_hash(password_hash text) returns text
language sql security definer set search_path = public, pg_temp
as $$
  select app.recipe_of(nobodys_hash.password_hash) || '$' || rtrim(encode(crypto.gen_random_bytes(32), 'base64'), '=')
$$;
comment on function app.nobodys_hash(text) is 'By the same recipe, and of no password that anybody knows. Granted to nobody.';

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
  if not app.holds_invitation(register.email, register.invitation_hash) and not app.count_mail(register.email, 'register', null) then
    -- Whose of the links that were sent is the owner's own nobody knows any more: none of them brings a password.
    update users u set password_hash = app.nobodys_hash(u.password_hash)
    where u.email = register.email and u.deleted_at is null and app.is_unclaimed(u)
    returning * into person;
    update email_verification_tokens t set password_hash = null, display_name = null
    where t.user_id = person.id and t.password_hash is not null and t.used_at is null;
    return query select 'ok', null::uuid, null::text, null::jsonb;
    return;
  end if;
  insert into users (email, password_hash, display_name)
  values (register.email, register.password_hash, register.display_name)
  on conflict (email) where deleted_at is null do nothing
  returning * into person;
  if person.id is not null then
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, invitation_token_hash)
    values (person.id, register.token_hash, register.username, register.username_skeleton, register.invitation_hash);
    content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
  else
    select * into person from users u where u.email = register.email and u.deleted_at is null;
    if app.is_unclaimed(person) then
      -- Somebody else may have written the address down first: with each link goes what its own registration said.
      insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, password_hash, display_name, invitation_token_hash)
      values (person.id, register.token_hash, register.username, register.username_skeleton, register.password_hash,
        register.display_name, register.invitation_hash);
      content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
    end if;
  end if;
  if content is null then
    content := jsonb_build_object('template', 'already-registered', 'to', register.email);
  end if;
  return query select 'ok', app.write_mail(content, true), register.email, content;
end
$$;

create or replace function app.resend_verification(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  if not app.count_mail(resend_verification.email, 'verify') then
    return query select 'ok', null::uuid, null::text;
    return;
  end if;
  select * into person from users u where u.email = resend_verification.email and u.deleted_at is null and u.status = 'active';
  content := jsonb_build_object('to', resend_verification.email, 'template',
    case when person.id is null then 'no-account' when person.email_verified_at is null then 'verify-again' else 'already-registered' end);
  if content ->> 'template' = 'verify-again' then
    -- With what the registration said. Of several nobody knows which is that of who asks: the link brings no password then.
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, password_hash, display_name)
    select person.id, resend_verification.token_hash, w.username, w.username_skeleton, w.hash, case when w.hash is not null then w.display_name end
    from (values (1)) one left join lateral (
      select t.username, t.username_skeleton, t.display_name,
        case when t.display_name is not null then app.nobodys_hash(person.password_hash) end as hash
      from email_verification_tokens t
      where t.user_id = person.id and t.email is null order by t.id desc limit 1) w on true;
    content := content || jsonb_build_object('link', resend_verification.link);
  end if;
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$$;

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
  perform set_config('app.invitation_hash', coalesce(used.invitation_token_hash, ''), true);
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
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email) || app.other_ways_in(person.id), false);
  return query select 'ok';
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

create or replace function app.finish_provider_sign_in(code_hash text, code_challenge text, invitation_hash text, secret_hash text, user_agent text,
  ip text, device jsonb)
returns table (outcome text, user_id uuid, session_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  told provider_sign_ins := app.take_provider_sign_in(finish_provider_sign_in.code_hash, finish_provider_sign_in.code_challenge, 'sign_in', null);
  person users;
begin
  if told.id is null then
    return query select 'invalid_token', null::uuid, null::uuid;
    return;
  end if;
  update user_identities i set last_used_at = app.now(), email = told.email
  where i.provider = told.provider and i.subject = told.subject;
  if found then
    select u.* into person from user_identities i join users u on u.id = i.user_id and u.status = 'active' and u.deleted_at is null
    where i.provider = told.provider and i.subject = told.subject;
    if person.id is null then
      return query select 'sign_in_refused', null::uuid, null::uuid;
      return;
    end if;
  else
    -- Nobody becomes a person here, or is taken for one, by an address that the provider has not verified; and an address that
    -- somebody has is no proof of being that person: they sign in as before and link.
    if told.email is null or not coalesce(told.email_verified, false) then
      return query select 'email_not_verified', null::uuid, null::uuid;
      return;
    end if;
    if exists (select from users u where u.email = told.email and u.deleted_at is null) then
      return query select 'account_exists', null::uuid, null::uuid;
      return;
    end if;
    if not app.may_register(told.email, finish_provider_sign_in.invitation_hash) then
      return query select case s.registration when 'invite_only' then 'invitation_needed' else 'registration_closed' end, null::uuid, null::uuid
        from installation_settings s;
      return;
    end if;
    insert into users (email, display_name, email_verified_at)
    values (told.email, coalesce(told.display_name, split_part(told.email, '@', 1)), app.now())
    on conflict (email) where deleted_at is null do nothing
    returning * into person;
    if person.id is null then
      return query select 'account_exists', null::uuid, null::uuid;
      return;
    end if;
    insert into user_identities (user_id, provider, subject, email, last_used_at)
    values (person.id, told.provider, told.subject, told.email, app.now());
  end if;
  return query select i.outcome, person.id, i.session_id
    from app.sign_in(person.id, finish_provider_sign_in.secret_hash, finish_provider_sign_in.user_agent, finish_provider_sign_in.ip,
      finish_provider_sign_in.device) i;
end
$$;

create or replace function app.change_email(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
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
  if exists (select from users u where u.email = change_email.email and u.deleted_at is null) then
    content := jsonb_build_object('template', 'already-registered', 'to', change_email.email);
  else
    insert into email_verification_tokens (user_id, token_hash, email) values (person.id, change_email.token_hash, change_email.email);
    content := jsonb_build_object('template', 'verify-new-email', 'to', change_email.email, 'link', change_email.link);
  end if;
  perform app.write_mail(jsonb_build_object('template', 'email-change-asked', 'to', person.email), false);
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$$;

create or replace function app.honour_invitation() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  given text;
begin
  update user_invitations i set accepted_at = app.now(), accepted_by = new.id
  where i.email = new.email and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now()
    and (tg_op = 'INSERT' or i.role not in ('admin', 'moderator')
      or i.token_hash = current_setting('app.invitation_hash', true))
  returning i.role into given;
  if given <> 'user' then
    update users u set role = given where u.id = new.id and u.role = 'user';
  end if;
  return null;
end
$$;

create or replace function app.invite_user(email text, role text, token_hash text, link text)
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
    when exists (select from users u where u.email = invite_user.email and u.deleted_at is null) then 'already_registered'
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

create or replace function app.is_unclaimed(u users) returns boolean
language sql stable
as $$
  select coalesce(u.email_verified_at is null and u.status = 'active' and u.role = 'user' and u.last_login_at is null
    and u.password_hash like '$argon2id$%', false)
    and not exists (select from project_collaborators c where c.user_id = u.id)
$$;
comment on function app.is_unclaimed(users) is
  'Whether nobody has proved to be this person: a registration without more, not what an operator or an import brought. Granted to nobody.';
comment on function app.honour_invitation() is
  'The address is proven, and that was what the invitation was sent to. To be staff also takes the token of the invitation, or a provider who vouches for the address: the link of somebody else''s registration may be clicked by mistake.';
comment on column email_verification_tokens.password_hash is
  'Of a registration of an address that was registered before and is not verified: becomes the person''s with the link. Null: what the person has.';

drop function app.forget_registration(uuid);
drop function app.make_way(text);
drop function app.name_of_address(text);
drop function app.is_unproven(users);
