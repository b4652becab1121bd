-- Old code keeps working: yes (registration takes the arguments of before, and more).
-- Credentials over their life: registration by the operator's rules, user names, resent links, new addresses, new passwords.

alter table users
  add column username_skeleton text,
  add constraint users_username_skeleton_length check (length(username_skeleton) between 1 and 500),
  add constraint users_username_skeleton_of_name check (username is not null or username_skeleton is null);
comment on column users.username_skeleton is 'What the name looks like (UTS 39): no two look alike. Null for names that an import brought.';
create unique index users_username_skeleton_key on users (username_skeleton) where deleted_at is null;
grant select (username_skeleton), update (username_skeleton) on users to posthaste_api;

alter table email_verification_tokens
  add column email text,
  add column username text,
  add column username_skeleton text,
  add constraint email_verification_tokens_email_form check (email = lower(email) and length(email) between 3 and 254);
comment on table email_verification_tokens is 'Hashes of the tokens in mails that verify an address; single use.';
comment on column email_verification_tokens.email is 'The new address of somebody who is registered; null: the address that the person has.';
comment on column email_verification_tokens.username is
  'Wished for at registration and given with the verification, if it is still free: a name taken at once would tell whether the address was new.';

-- At most one mail of a purpose a minute to an address, and five a day; for addresses that nobody has alike.
create function app.count_mail(email text, purpose text) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into auth_attempts as a (subject, source, attempts)
  values (app.attempt_subject(count_mail.email), 'mail:' || purpose, 1)
  on conflict on constraint auth_attempts_pkey do update
    set attempts = case when a.blocked_until < app.now() then 1 else a.attempts + 1 end, last_at = app.now(),
      blocked_until = case when a.blocked_until < app.now() then null else a.blocked_until end
    where a.last_at < app.now() - interval '1 minute' and (a.attempts < 5 or a.blocked_until < app.now());
  if not found then
    return false;
  end if;
  -- The day begins with the first mail.
  update auth_attempts a set blocked_until = app.now() + interval '1 day'
  where a.subject = app.attempt_subject(count_mail.email) and a.source = 'mail:' || purpose and a.blocked_until is null;
  return true;
end
$$;

create function app.is_username_free(skeleton text, username text, person uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select not exists (
    select from users u
    where (u.username_skeleton = skeleton or lower(u.username) = lower(is_username_free.username)) and u.deleted_at is null
      and u.id is distinct from person)
$$;
grant execute on function app.is_username_free(text, text, uuid) to posthaste_api;

drop function app.register(text, text, text, text, text);
create function app.register(email text, password_hash text, display_name text, token_hash text, link text,
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
    content := jsonb_build_object('template', 'already-registered', 'to', register.email);
  end if;
  return query select 'ok', app.write_mail(content, true), register.email, content;
end
$$;
comment on function app.register is
  'Registers, or stays silent about an address that is known: the answer is the same, the mail differs. registration_closed, invitation_needed and username_taken do not depend on the address.';

-- Another link for whoever lost the first. Unknown and verified addresses get a mail that says so: to all the door answers alike.
create function app.resend_verification(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
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
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton)
    select person.id, resend_verification.token_hash, w.username, w.username_skeleton
    from (values (1)) one left join lateral (
      select t.username, t.username_skeleton from email_verification_tokens t
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
  select * into person from users u where u.id = used.user_id;
  if used.email is null then
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
comment on function app.change_email is
  'Whether somebody has the new address is told to that address alone. The old one hears of the wish and of the change.';

create function app.ask_password_reset(email text, token_hash text, link text) returns table (outcome text, mail_id uuid, template text)
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

create function app.reset_candidate(token_hash text) returns table (email text, display_name text, username text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.email, u.display_name, u.username
  from password_reset_tokens t join users u on u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  where t.token_hash = reset_candidate.token_hash and t.used_at is null and t.expires_at > app.now()
$$;

create function app.reset_password(token_hash text, password_hash text) returns table (outcome text)
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
comment on function app.reset_password is
  'Opens no session: whoever has a second factor is asked for it at the next login. The address counts as verified, since its mail was read.';

create function app.change_password(presented_hash text, new_hash text) returns table (outcome text, wait_s integer)
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

grant execute on function app.register(text, text, text, text, text, text, text, text), app.resend_verification(text, text, text),
  app.ask_password_reset(text, text, text), app.reset_candidate(text), app.reset_password(text, text) to posthaste_public;
grant execute on function app.change_email(text, text, text), app.change_password(text, text) to posthaste_api;
