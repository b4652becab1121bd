-- Old code keeps working: yes.
-- An address that somebody wrote down first, and never proved, is still its owner's: each link brings its own registration's password.

alter table email_verification_tokens
  add column password_hash text,
  add column display_name text,
  add constraint email_verification_tokens_display_name_length check (length(display_name) between 1 and 100),
  add constraint email_verification_tokens_of_registration check ((password_hash is null) = (display_name is null)),
  add constraint email_verification_tokens_one_purpose check (email is null or password_hash is null);
comment on column email_verification_tokens.password_hash is
  'Of a registration of an address that was registered before and is not verified: becomes the person''s with the link. Null: what the person has.';

create function app.is_unclaimed(u users) returns boolean
language sql stable
as $$
  select coalesce(u.email_verified_at is null and u.status = 'active' and u.role = 'user' and u.last_login_at is null
    and u.password_hash like '$argon2id$%', false)
    and not exists (select from project_collaborators c where c.user_id = u.id)
$$;
comment on function app.is_unclaimed(users) is
  'Whether nobody has proved to be this person: a registration without more, not what an operator or an import brought. Granted to nobody.';

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
    -- With what the last registration said.
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, password_hash, display_name)
    select person.id, resend_verification.token_hash, w.username, w.username_skeleton, w.password_hash, w.display_name
    from (values (1)) one left join lateral (
      select t.username, t.username_skeleton, t.password_hash, t.display_name from email_verification_tokens t
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
