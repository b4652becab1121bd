drop function app.change_password(text, text), app.reset_password(text, text), app.reset_candidate(text),
  app.ask_password_reset(text, text, text), app.change_email(text, text, text), app.resend_verification(text, text, text),
  app.register(text, text, text, text, text, text, text, text), app.is_username_free(text, text, uuid), app.count_mail(text, text);

create function app.register(email text, password_hash text, display_name text, token_hash text, link text)
returns table (outcome text, mail_id uuid, recipient text, payload jsonb)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column -- `on conflict (email)` takes no qualified name
declare
  person users;
  mail uuid;
  content jsonb;
begin
  insert into users (email, password_hash, display_name)
  values (register.email, register.password_hash, register.display_name)
  on conflict (email) where deleted_at is null do nothing
  returning * into person;
  if person.id is not null then
    insert into email_verification_tokens (user_id, token_hash) values (person.id, register.token_hash);
    content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
  else
    content := jsonb_build_object('template', 'already-registered', 'to', register.email);
  end if;
  insert into outbox_events (kind, payload, lease_until) values ('mail', content, app.now() + interval '60 seconds')
  returning id into mail;
  return query select 'ok', mail, register.email, content;
end
$$;
grant execute on function app.register(text, text, text, text, text) to posthaste_public;

create or replace function app.verify_email(token_hash text) returns table (outcome text, user_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
begin
  update email_verification_tokens t set used_at = app.now()
  where t.token_hash = verify_email.token_hash and t.used_at is null and t.expires_at > app.now()
  returning t.user_id into person;
  if person is null then
    return query select 'invalid_token', null::uuid;
    return;
  end if;
  update users u set email_verified_at = coalesce(u.email_verified_at, app.now()) where u.id = person;
  return query select 'ok', person;
end
$$;

alter table email_verification_tokens
  drop constraint email_verification_tokens_email_form,
  drop column email,
  drop column username,
  drop column username_skeleton;
comment on table email_verification_tokens is 'Hashes of the tokens in verification mails; single use.';

revoke select (username_skeleton), update (username_skeleton) on users from posthaste_api;
drop index users_username_skeleton_key;
alter table users
  drop constraint users_username_skeleton_length,
  drop constraint users_username_skeleton_of_name,
  drop column username_skeleton;
