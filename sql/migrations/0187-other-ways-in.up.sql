-- Old code keeps working: yes (its mails leave out what they do not know).
-- Who takes an account back hears of the other ways in; a link that is sent again brings no password that another may have chosen.

create function app.nobodys_hash(password_hash text) returns text
language sql security definer set search_path = public, pg_temp
as $$
  select app.recipe_of(nobodys_hash.password_hash) || '$' || rtrim(encode(crypto.gen_random_bytes(32), 'base64'), '=')
$$;
comment on function app.nobodys_hash(text) is 'By the same recipe, and of no password that anybody knows. Granted to nobody.';

create function app.other_ways_in(person uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'identities', coalesce((
      select jsonb_agg(p.label order by p.label) from user_identities i join identity_providers p on p.name = i.provider
      where i.user_id = other_ways_in.person), '[]'),
    'apps', (
      select count(*) from mfa_factors f
      where f.user_id = other_ways_in.person and f.kind = 'totp' and f.confirmed_at is not null),
    'keys', (
      select count(*) from api_keys k
      where k.created_by = other_ways_in.person and k.revoked_at is null and (k.expires_at is null or k.expires_at > app.now())))
$$;
comment on function app.other_ways_in(uuid) is 'Labels of providers, and how many authenticator apps and API keys. Granted to nobody.';

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
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email) || app.other_ways_in(person.id), false);
  return query select 'ok', null::integer;
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
