-- Old code keeps working: yes.
-- People, their sessions, their verification tokens, and the outbox that carries mail and events.

create table users (
  id uuid not null default uuidv7(),
  email text not null,
  password_hash text not null,
  display_name text not null,
  role text not null default 'user',
  status text not null default 'active',
  email_verified_at timestamptz,
  failed_login_attempts integer not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint users_pkey primary key (id),
  constraint users_email_lower check (email = lower(email)),
  constraint users_email_length check (length(email) between 3 and 254),
  constraint users_display_name_length check (length(display_name) between 1 and 100),
  constraint users_role_known check (role in ('admin', 'moderator', 'creator', 'user', 'viewer')),
  constraint users_status_known check (status in ('active', 'deactivated'))
);
comment on table users is 'People who can log in. password_hash is read by app.login_candidate alone.';
create unique index users_email_key on users (email) where deleted_at is null;
create trigger users_touch before update on users for each row execute function app.touch();
alter table users enable row level security;
create policy users_self on users for select to posthaste_api using (id = (select app.user_id()));
create policy users_self_update on users for update to posthaste_api
  using (id = (select app.user_id())) with check (id = (select app.user_id()));
create policy users_worker on users for select to posthaste_worker using (true);
grant select (id, email, display_name, role, status, email_verified_at, created_at, updated_at, deleted_at, version)
  on users to posthaste_api;
grant update (display_name) on users to posthaste_api;
grant select (id, email, display_name, status, deleted_at) on users to posthaste_worker;

create table user_sessions (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  refresh_hash text not null,
  -- The token that the current one replaced: a repeat within the grace time gets the same successor, later it is theft.
  previous_hash text,
  rotated_at timestamptz not null default app.now(),
  user_agent text,
  ip text,
  created_at timestamptz not null default app.now(),
  last_used_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '30 days',
  revoked_at timestamptz,
  revoked_because text,
  constraint user_sessions_pkey primary key (id),
  constraint user_sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_sessions_refresh_hash_key unique (refresh_hash)
);
comment on table user_sessions is 'One row per login. Only hashes of refresh tokens are kept.';
create index user_sessions_user_id_idx on user_sessions (user_id);
create index user_sessions_expires_at_idx on user_sessions (expires_at);
alter table user_sessions enable row level security;
create policy user_sessions_own on user_sessions for select to posthaste_api using (user_id = (select app.user_id()));
create policy user_sessions_end on user_sessions for update to posthaste_api
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
create policy user_sessions_worker on user_sessions for all to posthaste_worker using (true) with check (true);
grant select (id, user_id, user_agent, ip, created_at, last_used_at, expires_at, revoked_at) on user_sessions to posthaste_api;
grant update (revoked_at, revoked_because) on user_sessions to posthaste_api;
grant select (id, expires_at), delete on user_sessions to posthaste_worker;

create table email_verification_tokens (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '24 hours',
  used_at timestamptz,
  constraint email_verification_tokens_pkey primary key (id),
  constraint email_verification_tokens_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint email_verification_tokens_token_hash_key unique (token_hash)
);
comment on table email_verification_tokens is 'Hashes of the tokens in verification mails; single use.';
create index email_verification_tokens_user_id_idx on email_verification_tokens (user_id);
create index email_verification_tokens_expires_at_idx on email_verification_tokens (expires_at);
alter table email_verification_tokens enable row level security;
create policy email_verification_tokens_worker on email_verification_tokens for all to posthaste_worker
  using (true) with check (true);
grant select (id, expires_at), delete on email_verification_tokens to posthaste_worker;

create table outbox_events (
  id uuid not null default uuidv7(),
  kind text not null,
  project_id uuid,
  payload jsonb not null,
  created_at timestamptz not null default app.now(),
  lease_until timestamptz,
  attempts integer not null default 0,
  dispatched_at timestamptz,
  last_error text,
  constraint outbox_events_pkey primary key (id),
  constraint outbox_events_kind_known check (kind in ('mail', 'account.disconnected', 'media.deleted',
    'publication.published', 'publication.failed', 'publication.unknown'))
);
comment on table outbox_events is 'What must leave the database after a commit. Drained by dispatched_at is null with SKIP LOCKED; a mail''s payload is emptied once sent.';
create index outbox_events_waiting_idx on outbox_events (created_at) where dispatched_at is null;
create index outbox_events_dispatched_at_idx on outbox_events (dispatched_at) where dispatched_at is not null;
alter table outbox_events enable row level security;
create policy outbox_events_worker on outbox_events for all to posthaste_worker using (true) with check (true);
grant select, insert, update, delete on outbox_events to posthaste_worker;

-- The liveness check of app.run: the person is active, the session neither ended nor expired.
create function app.check_alive(user_id uuid, session_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
  perform 1
  from user_sessions s join users u on u.id = s.user_id
  where s.id = check_alive.session_id and s.user_id = check_alive.user_id
    and s.revoked_at is null and s.expires_at > app.now()
    and u.status = 'active' and u.deleted_at is null;
  if not found then
    raise exception 'the session has ended' using errcode = 'PH401';
  end if;
end
$$;
grant execute on function app.check_alive(uuid, uuid) to posthaste_api;

-- Registers, or stays silent about an address that is known: the answer is the same, the mail differs.
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

create function app.verify_email(token_hash text) returns table (outcome text, user_id uuid)
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

create function app.login_candidate(email text)
returns table (user_id uuid, password_hash text, verified boolean, active boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.id, u.password_hash, u.email_verified_at is not null, u.status = 'active'
  from users u where u.email = login_candidate.email and u.deleted_at is null
$$;

create function app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text)
returns table (outcome text, session_id uuid, expires_at timestamptz)
language sql security definer set search_path = public, pg_temp
as $$
  insert into user_sessions as s (user_id, refresh_hash, user_agent, ip)
  select u.id, open_session.refresh_hash, open_session.user_agent, open_session.ip
  from users u where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
  returning 'ok', s.id, s.expires_at
$$;

-- One use, one successor. The token before the current one gets the same successor again for 20 s (two tabs, a lost
-- answer); any other token of the session is a replay and ends it.
create function app.rotate_session(session_id uuid, presented_hash text, successor_hash text)
returns table (outcome text, user_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  s user_sessions;
begin
  select * into s from user_sessions us where us.id = rotate_session.session_id for update;
  if s.id is null or s.revoked_at is not null or s.expires_at <= app.now()
    or not exists (select 1 from users u where u.id = s.user_id and u.status = 'active' and u.deleted_at is null) then
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  elsif s.refresh_hash = presented_hash then
    update user_sessions us
    set refresh_hash = successor_hash, previous_hash = presented_hash, rotated_at = app.now(), last_used_at = app.now()
    where us.id = s.id;
    return query select 'ok', s.user_id, s.expires_at;
  elsif s.previous_hash = presented_hash and s.refresh_hash = successor_hash
    and s.rotated_at > app.now() - interval '20 seconds' then
    return query select 'ok', s.user_id, s.expires_at;
  else
    update user_sessions us set revoked_at = app.now(), revoked_because = 'refresh token replayed' where us.id = s.id;
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$$;

create function app.mail_sent(mail_id uuid) returns table (outcome text)
language sql security definer set search_path = public, pg_temp
as $$
  update outbox_events e set dispatched_at = app.now(), payload = '{}'
  where e.id = mail_sent.mail_id and e.kind = 'mail' and e.dispatched_at is null
  returning 'ok'
$$;

grant execute on function
  app.register(text, text, text, text, text), app.verify_email(text), app.login_candidate(text),
  app.open_session(uuid, text, text, text), app.rotate_session(uuid, text, text), app.mail_sent(uuid)
  to posthaste_public;
