-- Old code keeps working: yes.
-- Signing in through a provider (OpenID Connect): which there are, sign-ins under way, and what becomes of them.

create table identity_providers (
  name text not null,
  label text not null,
  issuer text not null,
  client_id text not null,
  client_secret_sealed text not null,
  scopes text[] not null default '{openid,email,profile}',
  return_origins text[] not null default '{}',
  is_enabled boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint identity_providers_pkey primary key (name),
  constraint identity_providers_name_form check (name ~ '^[a-z][a-z0-9_-]{0,49}$'),
  constraint identity_providers_label_length check (length(label) between 1 and 100),
  constraint identity_providers_issuer_form check (issuer ~ '^https?://' and length(issuer) <= 2000),
  constraint identity_providers_client_id_length check (length(client_id) between 1 and 500),
  constraint identity_providers_scopes_openid check ('openid' = any (scopes) and cardinality(scopes) <= 20),
  constraint identity_providers_return_origins_few check (cardinality(return_origins) <= 50)
);
comment on table identity_providers is 'Where people may sign in besides here. Entered by administrators.';
comment on column identity_providers.issuer is 'Never changed: subjects are the issuer''s, and another one could name anybody.';
comment on column identity_providers.client_secret_sealed is 'Sealed for this provider; read by app.open_provider_sign_in alone.';
comment on column identity_providers.return_origins is 'Origins of web clients that a sign-in may return to, besides our own and the person''s own machine.';
create trigger identity_providers_touch before update on identity_providers for each row execute function app.touch();
create trigger identity_providers_audit after insert or update or delete on identity_providers for each row
  execute function app.audit('{name}', '', '', '{label,issuer,client_id,scopes,return_origins,is_enabled}', '{}', '{client_secret_sealed}');
alter table identity_providers enable row level security;
create policy identity_providers_staff on identity_providers for select to posthaste_api using ((select app.is_staff('admin')));
create policy identity_providers_staff_insert on identity_providers for insert to posthaste_api
  with check ((select app.is_staff('admin')));
grant select (name, label, issuer, client_id, scopes, return_origins, is_enabled, created_at, updated_at, version),
  insert (name, label, issuer, client_id, client_secret_sealed, scopes, return_origins, is_enabled) on identity_providers to posthaste_api;

create table provider_sign_ins (
  id uuid not null default uuidv7(),
  provider text not null,
  purpose text not null,
  user_id uuid,
  start_hash text not null,
  browser_hash text,
  return_to text not null,
  code_challenge text not null,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '10 minutes',
  returned_at timestamptz,
  code_hash text,
  subject text,
  email text,
  email_verified boolean,
  display_name text,
  finished_at timestamptz,
  constraint provider_sign_ins_pkey primary key (id),
  constraint provider_sign_ins_provider_fkey foreign key (provider) references identity_providers (name) on delete cascade,
  constraint provider_sign_ins_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint provider_sign_ins_start_hash_key unique (start_hash),
  constraint provider_sign_ins_browser_hash_key unique (browser_hash),
  constraint provider_sign_ins_code_hash_key unique (code_hash),
  constraint provider_sign_ins_purpose_known check (purpose in ('sign_in', 'link', 'step_up')),
  constraint provider_sign_ins_purpose_fits check ((purpose = 'sign_in') = (user_id is null))
);
comment on table provider_sign_ins is
  'A sign-in at a provider under way: ten minutes, each step once. Hashes only: of the link that begins it, of the browser that went, of the code that the client gives back.';
comment on column provider_sign_ins.user_id is 'Who is signed in already, and links an identity or proves anew who they are.';
comment on column provider_sign_ins.code_challenge is 'Of the client''s own secret (S256, as in PKCE): whoever only begins or only receives cannot finish.';
create index provider_sign_ins_provider_idx on provider_sign_ins (provider);
create index provider_sign_ins_user_id_idx on provider_sign_ins (user_id);
create index provider_sign_ins_expires_at_idx on provider_sign_ins (expires_at);
alter table provider_sign_ins enable row level security;
create policy provider_sign_ins_worker on provider_sign_ins for all to posthaste_worker using (true) with check (true);
grant select (id, expires_at), delete on provider_sign_ins to posthaste_worker;

create function app.sign_in_providers() returns table (name text, label text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select p.name, p.label from identity_providers p where p.is_enabled order by p.label, p.name
$$;

-- return_origin is null where the address needs no permission: our own, or the person's own machine.
create function app.begin_provider_sign_in(provider text, purpose text, start_hash text, return_to text, return_origin text,
  code_challenge text)
returns table (outcome text, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  chosen identity_providers;
begin
  select * into chosen from identity_providers p where p.name = begin_provider_sign_in.provider and p.is_enabled;
  if chosen.name is null then
    return query select 'not_found', null::timestamptz;
  elsif return_origin is not null and not return_origin = any (chosen.return_origins) then
    return query select 'return_not_allowed', null::timestamptz;
  else
    return query
      insert into provider_sign_ins (provider, purpose, user_id, start_hash, return_to, code_challenge)
      values (chosen.name, begin_provider_sign_in.purpose,
        case when begin_provider_sign_in.purpose <> 'sign_in' then app.user_id() end, begin_provider_sign_in.start_hash,
        begin_provider_sign_in.return_to, begin_provider_sign_in.code_challenge)
      returning 'ok', expires_at;
  end if;
end
$$;

create function app.open_provider_sign_in(start_hash text, browser_hash text)
returns table (outcome text, provider text, version integer, issuer text, client_id text, scopes text[], purpose text)
language sql security definer set search_path = public, pg_temp
as $$
  update provider_sign_ins s set browser_hash = open_provider_sign_in.browser_hash
  from identity_providers p
  where s.start_hash = open_provider_sign_in.start_hash and s.returned_at is null and s.expires_at > app.now()
    and p.name = s.provider and p.is_enabled
  returning 'ok', p.name, p.version, p.issuer, p.client_id, p.scopes, s.purpose
$$;
comment on function app.open_provider_sign_in is 'Ties it to the browser that opened the link, the last one where it was opened twice.';

create function app.return_provider_sign_in(browser_hash text)
returns table (outcome text, sign_in_id uuid, provider text, version integer, issuer text, client_id text, client_secret_sealed text,
  return_to text, purpose text)
language sql security definer set search_path = public, pg_temp
as $$
  update provider_sign_ins s set returned_at = app.now()
  from identity_providers p
  where s.browser_hash = return_provider_sign_in.browser_hash and s.returned_at is null and s.expires_at > app.now()
    and p.name = s.provider and p.is_enabled
  returning 'ok', s.id, p.name, p.version, p.issuer, p.client_id, p.client_secret_sealed, s.return_to, s.purpose
$$;
comment on function app.return_provider_sign_in is 'The browser came back: once.';

create function app.keep_provider_sign_in(sign_in_id uuid, code_hash text, subject text, email text, email_verified boolean,
  display_name text)
returns table (outcome text)
language sql security definer set search_path = public, pg_temp
as $$
  update provider_sign_ins s set code_hash = keep_provider_sign_in.code_hash, subject = keep_provider_sign_in.subject,
    email = keep_provider_sign_in.email, email_verified = keep_provider_sign_in.email_verified,
    display_name = keep_provider_sign_in.display_name, expires_at = app.now() + interval '2 minutes'
  where s.id = sign_in_id and s.returned_at is not null and s.code_hash is null
  returning 'ok'
$$;
comment on function app.keep_provider_sign_in is 'Who it was, for the two minutes in which the client finishes.';

create function app.take_provider_sign_in(code_hash text, code_challenge text, purpose text, person uuid) returns provider_sign_ins
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  taken provider_sign_ins;
begin
  select * into taken from provider_sign_ins s
  where s.code_hash = take_provider_sign_in.code_hash and s.finished_at is null and s.expires_at > app.now() for update;
  -- A wrong secret uses the code up too: it is not guessed at. What the provider told is not kept.
  update provider_sign_ins s set finished_at = app.now(), subject = null, email = null, display_name = null where s.id = taken.id;
  if taken.code_challenge is distinct from take_provider_sign_in.code_challenge or taken.purpose is distinct from take_provider_sign_in.purpose
    or taken.user_id is distinct from person then
    return null;
  end if;
  return taken;
end
$$;
comment on function app.take_provider_sign_in is 'Once, for the client that began it; null for everybody else. Granted to nobody.';

create function app.finish_provider_sign_in(code_hash text, code_challenge text, invitation_hash text, secret_hash text, user_agent text,
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

create function app.link_identity(code_hash text, code_challenge text)
returns table (outcome text, id uuid, provider text, label text, email text, created_at timestamptz, last_used_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  told provider_sign_ins := app.take_provider_sign_in(link_identity.code_hash, link_identity.code_challenge, 'link', app.user_id());
  linked user_identities;
begin
  if told.id is null then
    return query select 'invalid_token', null::uuid, null::text, null::text, null::text, null::timestamptz, null::timestamptz;
    return;
  end if;
  insert into user_identities (user_id, provider, subject, email) values (app.user_id(), told.provider, told.subject, told.email)
  on conflict on constraint user_identities_subject_key do update set email = excluded.email where user_identities.user_id = app.user_id()
  returning * into linked;
  if linked.id is null then
    return query select 'identity_taken', null::uuid, null::text, null::text, null::text, null::timestamptz, null::timestamptz;
    return;
  end if;
  perform app.write_mail(jsonb_build_object('template', 'identity', 'to', u.email, 'change', 'linked', 'label', p.label),
    false)
  from users u, identity_providers p where u.id = app.user_id() and p.name = told.provider;
  return query select 'ok', linked.id, p.name, p.label, linked.email, linked.created_at, linked.last_used_at
    from identity_providers p where p.name = linked.provider;
end
$$;

create function app.unlink_identity(identity_id uuid) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  person users;
  gone user_identities;
begin
  -- Two at once wait for each other: one of them stays.
  select * into person from users u where u.id = app.user_id() for update;
  select * into gone from user_identities i where i.id = identity_id and i.user_id = person.id;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if person.password_hash is null and not exists (
    select from user_identities i join identity_providers p on p.name = i.provider and p.is_enabled
    where i.user_id = person.id and i.id <> gone.id
  ) then
    return query select 'last_way_in';
    return;
  end if;
  delete from user_identities i where i.id = gone.id;
  perform app.write_mail(jsonb_build_object('template', 'identity', 'to', person.email, 'change', 'unlinked',
    'label', coalesce((select p.label from identity_providers p where p.name = gone.provider), gone.provider)), false);
  return query select 'ok';
end
$$;

create function app.step_up_by_provider(code_hash text, code_challenge text) returns table (outcome text, elevated_until timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  told provider_sign_ins := app.take_provider_sign_in(step_up_by_provider.code_hash, step_up_by_provider.code_challenge, 'step_up', app.user_id());
begin
  if told.id is null then
    return query select 'invalid_token', null::timestamptz;
  elsif exists (select from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is not null) then
    return query select 'second_factor_needed', null::timestamptz;
  elsif not exists (
    select from user_identities i where i.user_id = app.user_id() and i.provider = told.provider and i.subject = told.subject
  ) then
    return query select 'sign_in_refused', null::timestamptz;
  else
    return query select 'ok', app.elevate();
  end if;
end
$$;

create function app.change_identity_provider(provider text, patch jsonb, client_secret_sealed text, expected_version integer)
returns table (outcome text, name text, label text, issuer text, client_id text, scopes text[], return_origins text[], is_enabled boolean,
  created_at timestamptz, updated_at timestamptz, version integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  p identity_providers;
begin
  select * into p from identity_providers k where k.name = change_identity_provider.provider and app.is_staff('admin') for update;
  if p.name is null or p.version <> expected_version then
    return query select case when p.name is null then 'not_found' else 'stale' end, null::text, null::text, null::text, null::text,
      null::text[], null::text[], null::boolean, null::timestamptz, null::timestamptz, null::integer;
    return;
  end if;
  update identity_providers u set
    label = coalesce(patch ->> 'label', u.label),
    client_id = coalesce(patch ->> 'clientId', u.client_id),
    client_secret_sealed = coalesce(change_identity_provider.client_secret_sealed, u.client_secret_sealed),
    scopes = coalesce((select array_agg(s) from jsonb_array_elements_text(patch -> 'scopes') s), u.scopes),
    return_origins = case when patch ? 'returnOrigins'
      then array(select o from jsonb_array_elements_text(patch -> 'returnOrigins') o) else u.return_origins end,
    is_enabled = coalesce((patch ->> 'isEnabled')::boolean, u.is_enabled)
  where u.name = p.name
  returning u.* into p;
  return query select 'ok', p.name, p.label, p.issuer, p.client_id, p.scopes, p.return_origins, p.is_enabled, p.created_at, p.updated_at, p.version;
end
$$;
comment on function app.change_identity_provider is 'Since a secret that is kept can be read by nobody who keeps it.';

create function app.remove_identity_provider(provider text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not app.is_staff('admin') then
    return query select 'not_found';
  elsif exists (select from user_identities i where i.provider = remove_identity_provider.provider) then
    return query select 'in_use';
  else
    delete from identity_providers p where p.name = remove_identity_provider.provider;
    return query select case when found then 'ok' else 'not_found' end;
  end if;
end
$$;
comment on function app.remove_identity_provider is 'Not while somebody signs in by it: switch it off first, and people unlink it.';

create function app.identity_provider_labels() returns table (name text, label text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select p.name, p.label from identity_providers p
$$;
comment on function app.identity_provider_labels is 'How the providers of one''s identities are called, also of those that are switched off.';

grant execute on function app.sign_in_providers(), app.open_provider_sign_in(text, text), app.return_provider_sign_in(text),
  app.keep_provider_sign_in(uuid, text, text, text, boolean, text),
  app.finish_provider_sign_in(text, text, text, text, text, text, jsonb) to posthaste_public;
grant execute on function app.begin_provider_sign_in(text, text, text, text, text, text) to posthaste_public, posthaste_api;
grant execute on function app.link_identity(text, text), app.unlink_identity(uuid), app.step_up_by_provider(text, text),
  app.change_identity_provider(text, jsonb, text, integer), app.remove_identity_provider(text), app.identity_provider_labels() to posthaste_api;
