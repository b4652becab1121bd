-- Old code keeps working: yes.
-- Platforms, connected accounts, their sealed tokens, and the OAuth sign-ins under way.

create table platforms (
  name text not null,
  display_name text not null,
  -- Origin of the API; null where every account brings its own (an instance, a PDS).
  base_url text,
  -- Origin of the consent screen, where it differs.
  authorize_url text,
  -- Origin that counts likes and replies, where the account's own host does not (Bluesky's AppView).
  metrics_url text,
  enabled boolean not null default true,
  constraint platforms_pkey primary key (name)
);
comment on table platforms is 'Where each platform is reached. Changeable without a release.';
insert into platforms (name, display_name, base_url, authorize_url, metrics_url) values
  ('community', 'Community', null, null, null),
  ('bluesky', 'Bluesky', 'https://bsky.social', null, 'https://public.api.bsky.app'),
  ('mastodon', 'Mastodon', null, null, null),
  ('threads', 'Threads', 'https://graph.threads.net', 'https://threads.net', null);
alter table platforms enable row level security;
create policy platforms_read on platforms for select to posthaste_api, posthaste_worker, posthaste_public using (true);
grant select on platforms to posthaste_api, posthaste_worker, posthaste_public;

create table platform_apps (
  platform text not null,
  base_url text not null,
  -- What it was registered with: at another address of ours it is worthless.
  redirect_uri text not null,
  client_id text not null,
  client_secret_sealed text not null,
  created_at timestamptz not null default app.now(),
  constraint platform_apps_pkey primary key (platform, base_url),
  constraint platform_apps_platform_fkey foreign key (platform) references platforms (name) on delete cascade
);
comment on table platform_apps is 'Our registration with each instance of a federated platform.';
alter table platform_apps enable row level security;
create policy platform_apps_api on platform_apps for select to posthaste_api using (true);
create policy platform_apps_worker on platform_apps for select to posthaste_worker using (true);
grant select on platform_apps to posthaste_api, posthaste_worker;

-- The first registration with an instance stays, until our own address changes: two people who connect at once get the same.
create function app.keep_platform_app(platform text, base_url text, redirect_uri text, client_id text, client_secret_sealed text)
returns table (client_id text)
language sql security definer set search_path = public, pg_temp
as $$
  insert into platform_apps as a (platform, base_url, redirect_uri, client_id, client_secret_sealed)
  select keep_platform_app.platform, keep_platform_app.base_url, keep_platform_app.redirect_uri, keep_platform_app.client_id,
    keep_platform_app.client_secret_sealed
  where app.user_id() is not null
  on conflict on constraint platform_apps_pkey do update
    set client_id = case when a.redirect_uri = excluded.redirect_uri then a.client_id else excluded.client_id end,
      client_secret_sealed = case when a.redirect_uri = excluded.redirect_uri then a.client_secret_sealed else excluded.client_secret_sealed end,
      redirect_uri = excluded.redirect_uri
  returning a.client_id
$$;
grant execute on function app.keep_platform_app(text, text, text, text, text) to posthaste_api;

create table social_accounts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  platform text not null,
  -- The platform's own id: DID, Threads user id, Mastodon account id, the project's id for community.
  platform_account_id text not null,
  handle text not null,
  display_name text,
  avatar_url text,
  base_url text not null,
  scopes text[] not null default '{}',
  status text not null default 'connected',
  status_reason text,
  connected_by uuid,
  connected_at timestamptz not null default app.now(),
  disconnected_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint social_accounts_pkey primary key (id),
  constraint social_accounts_project_id_id_key unique (project_id, id),
  constraint social_accounts_identity_key unique (project_id, platform, base_url, platform_account_id),
  constraint social_accounts_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint social_accounts_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint social_accounts_connected_by_fkey foreign key (connected_by) references users (id) on delete set null,
  constraint social_accounts_status_known check (status in ('connected', 'reauthorization_needed', 'restricted', 'disconnected'))
);
comment on table social_accounts is 'An account on a platform. Reconnecting keeps its id, so what waits for it resumes.';
-- A handle of our own community is one account's alone, however it is written.
create unique index social_accounts_community_handle_key on social_accounts (lower(handle))
  where platform = 'community' and status <> 'disconnected';
create index social_accounts_platform_idx on social_accounts (platform);
create index social_accounts_connected_by_idx on social_accounts (connected_by);
create trigger social_accounts_touch before update on social_accounts for each row execute function app.touch();

-- Disconnecting is announced: the sweep ends the tokens at the platform and here.
create function app.announce_disconnection() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('account.disconnected', new.project_id, jsonb_build_object('accountId', new.id, 'platform', new.platform));
  return null;
end
$$;
create trigger social_accounts_disconnected after update of status on social_accounts
  for each row when (old.status <> 'disconnected' and new.status = 'disconnected') execute function app.announce_disconnection();

alter table social_accounts enable row level security;
create policy social_accounts_read on social_accounts for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy social_accounts_update on social_accounts for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[]))
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy social_accounts_worker on social_accounts for all to posthaste_worker using (true) with check (true);
grant select, update (status, status_reason, disconnected_at) on social_accounts to posthaste_api;
grant select, update (status, status_reason) on social_accounts to posthaste_worker;

create table account_tokens (
  account_id uuid not null,
  project_id uuid not null,
  -- AES-256-GCM under the token key; bound to project and account.
  access_token_sealed text not null,
  refresh_token_sealed text,
  expires_at timestamptz,
  token_version integer not null default 1,
  -- Who holds the right to refresh, until when. Claimed before the platform is asked.
  refresh_lease_until timestamptz,
  updated_at timestamptz not null default app.now(),
  constraint account_tokens_pkey primary key (account_id),
  constraint account_tokens_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade
);
comment on table account_tokens is 'Sealed tokens of accounts. Written by app.connect_account and the worker, read by the worker alone.';
create index account_tokens_account_idx on account_tokens (project_id, account_id);
alter table account_tokens enable row level security;
create policy account_tokens_read on account_tokens for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy account_tokens_worker on account_tokens for all to posthaste_worker using (true) with check (true);
grant select (account_id, project_id, expires_at, token_version) on account_tokens to posthaste_api;
grant select, update, delete on account_tokens to posthaste_worker;

create table oauth_states (
  id uuid not null default uuidv7(),
  state_hash text not null,
  user_id uuid not null,
  project_id uuid not null,
  platform text not null,
  base_url text not null,
  code_verifier_sealed text not null,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '10 minutes',
  used_at timestamptz,
  constraint oauth_states_pkey primary key (id),
  constraint oauth_states_state_hash_key unique (state_hash),
  constraint oauth_states_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint oauth_states_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint oauth_states_platform_fkey foreign key (platform) references platforms (name) on delete cascade
);
comment on table oauth_states is 'A sign-in at a platform under way: single use, ten minutes, only a hash of the state.';
create index oauth_states_user_id_idx on oauth_states (user_id);
create index oauth_states_project_id_idx on oauth_states (project_id);
create index oauth_states_platform_idx on oauth_states (platform);
create index oauth_states_expires_at_idx on oauth_states (expires_at);
alter table oauth_states enable row level security;
create policy oauth_states_start on oauth_states for insert to posthaste_api
  with check (user_id = (select app.user_id()) and project_id = any ((select app.projects_of('write'))::uuid[]));
create policy oauth_states_own on oauth_states for select to posthaste_api using (user_id = (select app.user_id()));
create policy oauth_states_worker on oauth_states for all to posthaste_worker using (true) with check (true);
grant insert, select (id, user_id, project_id, platform, base_url, expires_at) on oauth_states to posthaste_api;
grant select (id, expires_at), delete on oauth_states to posthaste_worker;

-- The callback has no actor yet: the state's hash is the key. Uses it up, and says for whom it was made.
create function app.use_oauth_state(state_hash text)
returns table (outcome text, user_id uuid, project_id uuid, platform text, base_url text, code_verifier_sealed text,
  platform_base_url text, client_id text, client_secret_sealed text)
language sql security definer set search_path = public, pg_temp
as $$
  with used as (
    update oauth_states s set used_at = app.now()
    where s.state_hash = use_oauth_state.state_hash and s.used_at is null and s.expires_at > app.now()
    returning s.*
  )
  select 'ok', u.user_id, u.project_id, u.platform, u.base_url, u.code_verifier_sealed, p.base_url, a.client_id, a.client_secret_sealed
  from used u join platforms p on p.name = u.platform
  left join platform_apps a on a.platform = u.platform and a.base_url = u.base_url
$$;

-- Connects, or reconnects under the same id; what failed for want of a good token in the last week resumes. Granted to
-- nobody: app.finish_oauth and app.connect_own_account call it.
create function app.connect_account(user_id uuid, project_id uuid, platform text, platform_account_id text, handle text,
  display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text,
  expires_in_s integer)
returns table (outcome text, account social_accounts)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made social_accounts;
begin
  if not exists (
    select 1 from project_collaborators c join users u on u.id = c.user_id join projects p on p.id = c.project_id
    where c.user_id = connect_account.user_id and c.project_id = connect_account.project_id
      and c.role in ('owner', 'editor') and u.status = 'active' and u.deleted_at is null and p.deleted_at is null
  ) then
    return query select 'forbidden', null::social_accounts;
    return;
  end if;
  insert into social_accounts as s (project_id, platform, platform_account_id, handle, display_name, avatar_url, base_url, scopes, connected_by)
  values (connect_account.project_id, connect_account.platform, connect_account.platform_account_id, connect_account.handle,
    connect_account.display_name, connect_account.avatar_url, connect_account.base_url, connect_account.scopes, connect_account.user_id)
  on conflict on constraint social_accounts_identity_key do update
    set handle = excluded.handle, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
      scopes = excluded.scopes, connected_by = excluded.connected_by, connected_at = app.now(),
      status = 'connected', status_reason = null, disconnected_at = null
  returning s.* into made;
  if connect_account.access_token_sealed is not null then
    insert into account_tokens as t (account_id, project_id, access_token_sealed, refresh_token_sealed, expires_at)
    values (made.id, connect_account.project_id, connect_account.access_token_sealed, connect_account.refresh_token_sealed,
      app.now() + make_interval(secs => connect_account.expires_in_s))
    on conflict on constraint account_tokens_pkey do update
      set access_token_sealed = excluded.access_token_sealed, refresh_token_sealed = excluded.refresh_token_sealed,
        expires_at = excluded.expires_at, token_version = t.token_version + 1, refresh_lease_until = null, updated_at = app.now();
  end if;
  update post_publications pp
  set state = 'scheduled', next_attempt_at = app.now(), failure_class = null, failure_code = null, failure_message = null
  where pp.project_id = made.project_id and pp.account_id = made.id and pp.state = 'failed'
    and pp.failure_class = 'reauthorize' and pp.updated_at > app.now() - interval '7 days';
  return query select 'ok', made;
end
$$;

-- Ends an OAuth sign-in: person, project and platform are the state's, whatever the caller says.
create function app.finish_oauth(state_hash text, platform_account_id text, handle text, display_name text, avatar_url text,
  base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text, expires_in_s integer)
returns table (outcome text, account social_accounts)
language sql security definer set search_path = public, pg_temp
as $$
  select done.outcome, done.account
  from oauth_states s, app.connect_account(s.user_id, s.project_id, s.platform, finish_oauth.platform_account_id,
    finish_oauth.handle, finish_oauth.display_name, finish_oauth.avatar_url, finish_oauth.base_url, finish_oauth.scopes,
    finish_oauth.access_token_sealed, finish_oauth.refresh_token_sealed, finish_oauth.expires_in_s) done
  where s.state_hash = finish_oauth.state_hash and s.used_at > app.now() - interval '2 minutes'
$$;
grant execute on function app.use_oauth_state(text),
  app.finish_oauth(text, text, text, text, text, text, text[], text, text, integer) to posthaste_public;

-- The same for a signed-in person (app password, community), who can only be themselves. The spare handle is for one that
-- nobody asked for and that another project has.
create function app.connect_own_account(project_id uuid, platform text, platform_account_id text, handle text,
  display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text,
  expires_in_s integer, spare_handle text)
returns table (outcome text, account social_accounts)
language sql security definer set search_path = public, pg_temp
as $$
  select * from app.connect_account(app.user_id(), connect_own_account.project_id, connect_own_account.platform,
    platform_account_id,
    case
      when connect_own_account.spare_handle is not null and exists (
        select from social_accounts a
        where a.platform = 'community' and a.status <> 'disconnected' and a.project_id <> connect_own_account.project_id
          and lower(a.handle) = lower(connect_own_account.handle)
      ) then connect_own_account.spare_handle
      else connect_own_account.handle
    end,
    display_name, avatar_url, base_url, scopes, access_token_sealed, refresh_token_sealed, expires_in_s)
$$;
grant execute on function app.connect_own_account(uuid, text, text, text, text, text, text, text[], text, text, integer, text) to posthaste_api;
