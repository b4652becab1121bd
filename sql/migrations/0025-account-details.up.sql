-- Old code keeps working: yes.
-- All platforms of the plan; and of an account its health, its size, the end of its grant, and what is left of its rates.

alter table platforms
  add column sandbox_base_url text,
  add column limits jsonb not null default '{}',
  add column created_at timestamptz not null default app.now(),
  add constraint platforms_limits_object check (jsonb_typeof(limits) = 'object');
comment on column platforms.enabled is 'False: nobody connects an account there; what is connected goes on.';
comment on column platforms.base_url is 'Origin of the API; null where every account brings its own (an instance, a PDS).';
comment on column platforms.authorize_url is 'Origin of the consent screen, where it differs.';
comment on column platforms.metrics_url is 'Origin that counts likes and replies, where the account''s own host does not.';
comment on column platforms.sandbox_base_url is 'Origin that stands for the platform in tries; null = there is none.';
comment on column platforms.limits is 'What differs here from the limits in the code (shared/platforms), in the words of GET /v1/platforms; {} = nothing.';

insert into platforms (name, display_name, base_url, authorize_url, enabled) values
  ('instagram', 'Instagram', 'https://graph.instagram.com', 'https://www.instagram.com', false),
  ('facebook', 'Facebook', 'https://graph.facebook.com', 'https://www.facebook.com', false),
  ('twitter', 'X', 'https://api.x.com', 'https://x.com', false),
  ('linkedin', 'LinkedIn', 'https://api.linkedin.com', 'https://www.linkedin.com', false),
  ('tiktok', 'TikTok', 'https://open.tiktokapis.com', 'https://www.tiktok.com', false),
  ('youtube', 'YouTube', 'https://www.googleapis.com', 'https://accounts.google.com', false);

alter table social_accounts
  drop constraint social_accounts_status_known,
  add column health text not null default 'unknown',
  add column health_checked_at timestamptz,
  add column metadata jsonb not null default '{}',
  add column followers_count bigint,
  add column following_count bigint,
  add column posts_count bigint,
  add column last_synced_at timestamptz,
  add column last_posted_at timestamptz,
  add column grant_expires_at timestamptz,
  add constraint social_accounts_status_known
    check (status in ('pending', 'connected', 'reauthorization_needed', 'restricted', 'disconnected')),
  add constraint social_accounts_health_known check (health in ('healthy', 'degraded', 'unhealthy', 'unknown')),
  add constraint social_accounts_metadata_object check (jsonb_typeof(metadata) = 'object'),
  add constraint social_accounts_followers_count_natural check (followers_count >= 0),
  add constraint social_accounts_following_count_natural check (following_count >= 0),
  add constraint social_accounts_posts_count_natural check (posts_count >= 0);
comment on column social_accounts.platform_account_id is 'The platform''s own id: DID, Threads user id, Mastodon account id, the project''s id for community.';
comment on column social_accounts.base_url is 'Origin that serves the account; empty for our own community.';
comment on column social_accounts.status is
  'pending: was asked for, not granted yet; connected; reauthorization_needed: the grant expired or was withdrawn (status_reason says which); restricted: the platform does not let it post; disconnected: taken off here.';
comment on column social_accounts.health is 'Of the latest row of account_health_checks.';
comment on column social_accounts.metadata is 'What the platform tells of the account beyond the columns.';
comment on column social_accounts.followers_count is 'As the platform told at last_synced_at, like following_count and posts_count; null = it does not tell.';
comment on column social_accounts.last_posted_at is 'When a publication last became public through us.';
comment on column social_accounts.grant_expires_at is 'When the person must connect it anew; the token''s own end stands in account_tokens.expires_at.';
create index social_accounts_status_idx on social_accounts (project_id, status);
create index social_accounts_health_idx on social_accounts (health, health_checked_at);
create index social_accounts_grant_expires_at_idx on social_accounts (grant_expires_at) where grant_expires_at is not null;
create index social_accounts_metadata_idx on social_accounts using gin (metadata);
create index account_tokens_expires_at_idx on account_tokens (expires_at) where expires_at is not null;
grant update (metadata, followers_count, following_count, posts_count, last_synced_at, grant_expires_at, display_name, avatar_url)
  on social_accounts to posthaste_worker;

create table account_health_checks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid not null,
  checked_at timestamptz not null default app.now(),
  result text not null,
  latency_ms integer,
  message text,
  constraint account_health_checks_pkey primary key (id),
  constraint account_health_checks_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint account_health_checks_result_known check (result in ('healthy', 'degraded', 'unhealthy', 'unknown')),
  constraint account_health_checks_latency_natural check (latency_ms >= 0),
  constraint account_health_checks_message_length check (length(message) <= 1000)
);
comment on table account_health_checks is 'What a look at an account found. Kept for 30 days.';
comment on column account_health_checks.latency_ms is 'Of the platform''s answer; null where none came.';
create index account_health_checks_account_idx on account_health_checks (project_id, account_id, checked_at desc);
create index account_health_checks_checked_at_idx on account_health_checks (checked_at);
alter table account_health_checks enable row level security;
create policy account_health_checks_read on account_health_checks for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy account_health_checks_worker on account_health_checks for all to posthaste_worker using (true) with check (true);
grant select on account_health_checks to posthaste_api;
grant select, insert, delete on account_health_checks to posthaste_worker;

create function app.note_health() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update social_accounts a set health = new.result, health_checked_at = new.checked_at
  where a.project_id = new.project_id and a.id = new.account_id
    and (a.health_checked_at is null or a.health_checked_at <= new.checked_at);
  return null;
end
$$;
comment on function app.note_health() is 'The latest check is the health of the account, in whatever order checks arrive.';
create trigger account_health_checks_note after insert on account_health_checks
  for each row execute function app.note_health();

create function app.note_posted() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update social_accounts a set last_posted_at = new.published_at
  where a.project_id = new.project_id and a.id = new.account_id
    and (a.last_posted_at is null or a.last_posted_at < new.published_at);
  return null;
end
$$;
create trigger post_publications_note_posted after update of state on post_publications
  for each row when (old.state is distinct from new.state and new.state = 'published') execute function app.note_posted();

create table rate_budgets (
  account_id uuid not null,
  project_id uuid not null,
  kind text not null,
  window_s integer not null,
  allowed integer not null,
  used integer not null default 0,
  resets_at timestamptz not null,
  updated_at timestamptz not null default app.now(),
  constraint rate_budgets_pkey primary key (account_id, kind, window_s),
  constraint rate_budgets_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint rate_budgets_kind_known check (kind in ('calls', 'posts', 'uploads')),
  constraint rate_budgets_window_positive check (window_s > 0),
  constraint rate_budgets_allowed_natural check (allowed >= 0),
  constraint rate_budgets_used_natural check (used >= 0)
);
comment on table rate_budgets is 'What a platform still lets an account do, as it last told or as we counted.';
comment on column rate_budgets.window_s is 'Seconds of the window in which the platform counts.';
comment on column rate_budgets.used is 'May be more than allowed: other programs use the account too.';
comment on column rate_budgets.resets_at is 'From then on used counts from zero.';
create index rate_budgets_account_idx on rate_budgets (project_id, account_id);
create index rate_budgets_resets_at_idx on rate_budgets (resets_at);
alter table rate_budgets enable row level security;
create policy rate_budgets_read on rate_budgets for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy rate_budgets_worker on rate_budgets for all to posthaste_worker using (true) with check (true);
grant select on rate_budgets to posthaste_api;
grant select, insert, update, delete on rate_budgets to posthaste_worker;

-- Doors hand it out by app.use_oauth_state alone.
revoke select on platform_apps from posthaste_api;
grant select (platform, base_url, redirect_uri, client_id, created_at) on platform_apps to posthaste_api;
