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
comment on function app.register is
  'Registers, or stays silent about an address that is known: the answer is the same, the mail differs. registration_closed, invitation_needed and username_taken do not depend on the address.';

drop function app.holds_invitation(text, text), app.count_mail(text, text, interval);
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
