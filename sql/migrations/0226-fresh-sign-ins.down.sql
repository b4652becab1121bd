-- Old code keeps working: no (it says how fresh a sign-in is).
-- Every sign-in through a provider is a proof of this moment again.

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
    if exists (select from users u where u.email = told.email and u.deleted_at is null and not app.is_unclaimed(u)) then
      return query select 'account_exists', null::uuid, null::uuid;
      return;
    end if;
    if not app.may_register(told.email, finish_provider_sign_in.invitation_hash) then
      return query select case s.registration when 'invite_only' then 'invitation_needed' else 'registration_closed' end, null::uuid, null::uuid
        from installation_settings s;
      return;
    end if;
    perform app.make_way(told.email);
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

drop function app.keep_provider_sign_in(uuid, text, text, text, boolean, text, boolean);
create function app.keep_provider_sign_in(sign_in_id uuid, code_hash text, subject text, email text, email_verified boolean,
  display_name text) returns table (outcome text)
language sql security definer set search_path = public, pg_temp
as $$
  update provider_sign_ins s set code_hash = keep_provider_sign_in.code_hash, subject = keep_provider_sign_in.subject,
    email = keep_provider_sign_in.email, email_verified = keep_provider_sign_in.email_verified,
    display_name = keep_provider_sign_in.display_name, expires_at = app.now() + interval '2 minutes'
  where s.id = sign_in_id and s.returned_at is not null and s.code_hash is null
  returning 'ok'
$$;
comment on function app.keep_provider_sign_in is 'Who it was, for the two minutes in which the client finishes.';
grant execute on function app.keep_provider_sign_in(uuid, text, text, text, boolean, text) to posthaste_public;

alter table provider_sign_ins drop column is_fresh;
