-- Old code keeps working: yes (for an address over the new limit it answers `internal`, once the mail was left out).
-- Registering writes to an address five times a day at most, whoever asks: an inbox is not flooded by many callers.

drop function app.count_mail(text, text);
create function app.count_mail(email text, purpose text, gap interval default '1 minute') returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into auth_attempts as a (subject, source, attempts)
  values (app.attempt_subject(count_mail.email), 'mail:' || purpose, 1)
  on conflict on constraint auth_attempts_pkey do update
    set attempts = case when a.blocked_until < app.now() then 1 else a.attempts + 1 end, last_at = app.now(),
      blocked_until = case when a.blocked_until < app.now() then null else a.blocked_until end
    where (gap is null or a.last_at < app.now() - gap) and (a.attempts < 5 or a.blocked_until < app.now());
  if not found then
    return false;
  end if;
  -- The day begins with the first mail.
  update auth_attempts a set blocked_until = app.now() + interval '1 day'
  where a.subject = app.attempt_subject(count_mail.email) and a.source = 'mail:' || purpose and a.blocked_until is null;
  return true;
end
$$;
comment on function app.count_mail(text, text, interval) is
  'Whether another mail of the purpose may go to the address: five a day, and so long apart (null: however close). Granted to nobody.';

create function app.holds_invitation(email text, token_hash text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (
      select from project_invitations i
      where i.token_hash = holds_invitation.token_hash and i.email = holds_invitation.email and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null)
    or exists (
      select from user_invitations i
      where i.token_hash = holds_invitation.token_hash and i.email = holds_invitation.email and i.expires_at > app.now()
        and i.accepted_at is null and i.revoked_at is null)
$$;
comment on function app.holds_invitation(text, text) is 'Whether who registers has read the mail of the address already. Granted to nobody.';

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
    update users u set password_hash = app.recipe_of(u.password_hash) || '$' || rtrim(encode(crypto.gen_random_bytes(32), 'base64'), '=')
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
comment on function app.register(text, text, text, text, text, text, text, text) is
  'Registers, or stays silent about an address that is known: the answer is the same, the mail differs, and from the sixth of a day on there is none. registration_closed, invitation_needed and username_taken do not depend on the address.';
