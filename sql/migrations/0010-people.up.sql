-- Old code keeps working: yes (new columns have defaults or may be null; replaced functions keep their signatures).
-- Who a person is beyond an address and a password: profile, identities, second factors, keys, preferences, resets, rates.

alter table users
  add column username text,
  add column given_name text,
  add column family_name text,
  add column bio text,
  add column avatar_url text,
  add column avatar_media_id uuid,
  add column last_login_at timestamptz,
  add column deletion_requested_at timestamptz,
  add column is_active boolean generated always as (status = 'active' and deleted_at is null) virtual,
  add column is_verified boolean generated always as (email_verified_at is not null) virtual,
  alter column password_hash drop not null,
  drop constraint users_display_name_length,
  add constraint users_display_name_length check (length(display_name) between 1 and 255),
  add constraint users_username_length check (length(username) between 1 and 50),
  add constraint users_given_name_length check (length(given_name) between 1 and 255),
  add constraint users_family_name_length check (length(family_name) between 1 and 255),
  add constraint users_bio_length check (length(bio) <= 10000),
  add constraint users_avatar_url_length check (length(avatar_url) <= 2000),
  add constraint users_failed_login_attempts_natural check (failed_login_attempts >= 0),
  add constraint users_avatar_media_id_fkey foreign key (avatar_media_id) references media (id) on delete set null;
comment on column users.username is 'Unique however it is written. Null: has chosen none yet.';
comment on column users.display_name is 'The one name that is shown. given_name and family_name are optional parts of it.';
comment on column users.password_hash is 'Null: signs in through an identity only.';
comment on column users.avatar_url is 'Where an imported picture lies; avatar_media_id goes before it.';
comment on column users.avatar_media_id is 'A medium of the person''s own project.';
comment on column users.deletion_requested_at is 'Begin of the grace time, after which app.erase_user runs.';
comment on column users.locked_until is 'No login before this instant; set after failed_login_attempts.';
comment on column users.role is 'Of the installation: admin, moderator, creator, user, viewer (reads only). Roles in projects are memberships.';
create unique index users_username_key on users (lower(username)) where deleted_at is null;
create index users_avatar_media_id_idx on users (avatar_media_id);
create index users_role_idx on users (role, id);
create index users_created_at_idx on users (created_at);
create index users_active_idx on users (id) where status = 'active' and deleted_at is null;
create index users_deletion_requested_at_idx on users (deletion_requested_at) where deletion_requested_at is not null;

-- What a login leaves behind is no change of the profile: its version stays.
drop trigger users_touch on users;
create trigger users_touch before update on users for each row
  when (old.last_login_at is not distinct from new.last_login_at and old.failed_login_attempts = new.failed_login_attempts
    and old.locked_until is not distinct from new.locked_until)
  execute function app.touch();

create policy users_staff on users for select to posthaste_api using ((select app.is_staff('admin')));
grant select (username, given_name, family_name, bio, avatar_url, avatar_media_id, last_login_at, deletion_requested_at, is_active,
  is_verified) on users to posthaste_api;
grant update (username, given_name, family_name, bio) on users to posthaste_api;
grant select (username, given_name, family_name, bio, avatar_url, avatar_media_id, role, email_verified_at, last_login_at,
  deletion_requested_at, created_at) on users to posthaste_worker;

-- Not a CASE in the statement: the planner would convert a known text before it is asked whether it can.
create function app.to_inet(address text) returns inet
language plpgsql stable
as $$
begin
  if pg_input_is_valid(address, 'inet') then
    return address::inet;
  end if;
  return null;
end
$$;
comment on function app.to_inet is 'Null for what is no address.';

alter table user_sessions
  alter column ip type inet using app.to_inet(ip),
  add column device jsonb not null default '{}',
  add column is_active boolean generated always as (revoked_at is null) virtual,
  add constraint user_sessions_device_object check (jsonb_typeof(device) = 'object');
comment on column user_sessions.device is 'What the client told of itself: kind, system, name.';
comment on column user_sessions.is_active is 'Not revoked; whether it has expired is expires_at''s.';
create index user_sessions_active_idx on user_sessions (user_id, id desc) where revoked_at is null;
grant select (device, is_active) on user_sessions to posthaste_api;

create or replace function app.login_candidate(email text)
returns table (user_id uuid, password_hash text, verified boolean, active boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.id, u.password_hash, u.email_verified_at is not null, u.status = 'active'
  from users u where u.email = login_candidate.email and u.deleted_at is null and u.password_hash is not null
$$;

create or replace function app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text)
returns table (outcome text, session_id uuid, expires_at timestamptz)
language sql security definer set search_path = public, pg_temp
as $$
  with person as (
    update users u set last_login_at = app.now()
    where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
    returning u.id
  )
  insert into user_sessions as s (user_id, refresh_hash, user_agent, ip)
  select p.id, open_session.refresh_hash, open_session.user_agent, app.to_inet(open_session.ip)
  from person p
  returning 'ok', s.id, s.expires_at
$$;

create table user_identities (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  provider text not null,
  subject text not null,
  email text,
  created_at timestamptz not null default app.now(),
  last_used_at timestamptz,
  constraint user_identities_pkey primary key (id),
  constraint user_identities_subject_key unique (provider, subject),
  constraint user_identities_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_identities_provider_form check (provider ~ '^[a-z][a-z0-9_-]{0,49}$'),
  constraint user_identities_subject_length check (length(subject) between 1 and 255),
  constraint user_identities_email_length check (length(email) between 3 and 254)
);
comment on table user_identities is 'Who a person is at a provider of sign-in. Who only has a password has no row.';
comment on column user_identities.email is 'The address as the provider told it; never a proof that it is the person''s here.';
create index user_identities_user_id_idx on user_identities (user_id);
create index user_identities_email_idx on user_identities (email, provider);
alter table user_identities enable row level security;
create policy user_identities_own on user_identities for select to posthaste_api using (user_id = (select app.user_id()));
create policy user_identities_worker on user_identities for select to posthaste_worker using (true);
grant select on user_identities to posthaste_api, posthaste_worker;

create table password_reset_tokens (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '1 hour',
  used_at timestamptz,
  constraint password_reset_tokens_pkey primary key (id),
  constraint password_reset_tokens_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint password_reset_tokens_token_hash_key unique (token_hash)
);
comment on table password_reset_tokens is 'Hashes of the tokens in reset mails; single use.';
create index password_reset_tokens_user_id_idx on password_reset_tokens (user_id);
create index password_reset_tokens_expires_at_idx on password_reset_tokens (expires_at);
alter table password_reset_tokens enable row level security;
create policy password_reset_tokens_worker on password_reset_tokens for all to posthaste_worker using (true) with check (true);
grant select (id, expires_at), delete on password_reset_tokens to posthaste_worker;

create table mfa_factors (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  kind text not null,
  name text,
  secret_sealed text,
  code_hashes text[],
  last_step bigint,
  confirmed_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint mfa_factors_pkey primary key (id),
  constraint mfa_factors_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint mfa_factors_kind_known check (kind in ('totp', 'recovery')),
  constraint mfa_factors_kind_fits check ((kind = 'totp') = (secret_sealed is not null) and (kind = 'recovery') = (code_hashes is not null)),
  constraint mfa_factors_name_length check (length(name) between 1 and 100)
);
comment on table mfa_factors is 'Second factors: authenticator apps, and the codes for when one is lost. Used through functions only.';
comment on column mfa_factors.code_hashes is 'Hashes of the recovery codes that are left.';
comment on column mfa_factors.last_step is 'The time step of the code that was used last: none is good twice.';
comment on column mfa_factors.confirmed_at is 'Null: enrolled, but no code was shown yet; asked for at no login.';
create index mfa_factors_user_id_idx on mfa_factors (user_id);
create unique index mfa_factors_recovery_key on mfa_factors (user_id) where kind = 'recovery';
alter table mfa_factors enable row level security;
create policy mfa_factors_own on mfa_factors for all to posthaste_api using (user_id = (select app.user_id()));
grant select (id, user_id, kind, name, confirmed_at, last_used_at, created_at), delete on mfa_factors to posthaste_api;

create table api_keys (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid default app.user_id(),
  name text not null,
  prefix text not null,
  key_hash text not null,
  scopes text[] not null,
  is_test boolean not null default false,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint api_keys_pkey primary key (id),
  constraint api_keys_project_id_id_key unique (project_id, id),
  constraint api_keys_key_hash_key unique (key_hash),
  constraint api_keys_prefix_key unique (prefix),
  constraint api_keys_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint api_keys_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint api_keys_name_length check (length(name) between 1 and 100),
  constraint api_keys_prefix_length check (length(prefix) between 4 and 40),
  constraint api_keys_scopes_some check (cardinality(scopes) between 1 and 50)
);
comment on table api_keys is 'Keys of programs, bound to one project. A key may what its creator may there, cut down to its scopes; without a creator it is dead.';
comment on column api_keys.created_by is 'Nobody makes a key in another''s name: not granted for insert.';
comment on column api_keys.prefix is 'The readable beginning of the key, by which it is recognised in a list or a leak.';
comment on column api_keys.is_test is 'Reaches simulated platforms only.';
create index api_keys_created_by_idx on api_keys (created_by);
create index api_keys_project_id_idx on api_keys (project_id, id desc);
alter table api_keys enable row level security;
create policy api_keys_manage on api_keys for all to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
grant select (id, project_id, created_by, name, prefix, scopes, is_test, expires_at, last_used_at, revoked_at, created_at),
  insert (project_id, name, prefix, key_hash, scopes, is_test, expires_at), update (name, revoked_at) on api_keys to posthaste_api;

create table user_preferences (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  default_posting_time time,
  time_zone text not null default 'UTC',
  enable_ai_optimization boolean not null default true,
  content_tone text,
  email_notifications boolean not null default true,
  post_failure_alerts boolean not null default true,
  extra jsonb not null default '{}',
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint user_preferences_pkey primary key (id),
  constraint user_preferences_user_id_key unique (user_id),
  constraint user_preferences_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_preferences_time_zone_length check (length(time_zone) between 1 and 64),
  constraint user_preferences_content_tone_length check (length(content_tone) between 1 and 50),
  constraint user_preferences_extra_object check (jsonb_typeof(extra) = 'object')
);
comment on table user_preferences is 'How a person wants it. Without a row all defaults hold.';
comment on column user_preferences.default_posting_time is 'Wall time in time_zone that the composer proposes.';
comment on column user_preferences.extra is 'Whatever else a client keeps for the person.';
create index user_preferences_extra_idx on user_preferences using gin (extra);
create trigger user_preferences_touch before update on user_preferences for each row execute function app.touch();
alter table user_preferences enable row level security;
create policy user_preferences_own on user_preferences for all to posthaste_api
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
create policy user_preferences_worker on user_preferences for select to posthaste_worker using (true);
grant select, insert (user_id, default_posting_time, time_zone, enable_ai_optimization, content_tone, email_notifications,
    post_failure_alerts, extra),
  update (default_posting_time, time_zone, enable_ai_optimization, content_tone, email_notifications, post_failure_alerts, extra)
  on user_preferences to posthaste_api;
grant select on user_preferences to posthaste_worker;

create unlogged table rate_counters (
  caller text not null,
  class text not null,
  window_start timestamptz not null,
  count integer not null default 1,
  expires_at timestamptz not null,
  constraint rate_counters_pkey primary key (caller, class, window_start),
  constraint rate_counters_count_natural check (count >= 0),
  constraint rate_counters_expires_later check (expires_at > window_start)
);
comment on table rate_counters is
  'Requests by caller, class of door and window. Unlogged: counting must not make a reading request wait for a durable commit, and after a crash a fresh window harms nobody.';
comment on column rate_counters.caller is 'Person, session, key or a keyed hash of an address; never the address itself.';
create index rate_counters_expires_at_idx on rate_counters (expires_at);
alter table rate_counters enable row level security;
create policy rate_counters_worker on rate_counters for all to posthaste_worker using (true) with check (true);
grant select (caller, class, window_start, expires_at), delete on rate_counters to posthaste_worker;
