alter table analytics rename to analytics_monthly;
alter index analytics_pkey rename to analytics_monthly_pkey;
alter index analytics_publication_idx rename to analytics_monthly_publication_idx;
alter index analytics_account_idx rename to analytics_monthly_account_idx;
alter index analytics_platform_idx rename to analytics_monthly_platform_idx;
create table analytics (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  platform text not null,
  fetched_at timestamptz not null default app.now(),
  source text not null default 'poll',
  likes bigint,
  comments bigint,
  shares bigint,
  views bigint,
  impressions bigint,
  reach bigint,
  saves bigint,
  clicks bigint,
  constraint analytics_source_known check (source in ('poll', 'refresh'))
);
insert into analytics (id, project_id, publication_id, account_id, platform, fetched_at, source, likes, comments, shares, views,
  impressions, reach, saves, clicks)
select id, project_id, publication_id, account_id, platform, fetched_at, source, likes, comments, shares, views,
  impressions, reach, saves, clicks from analytics_monthly;
drop table analytics_monthly;
alter table analytics
  add constraint analytics_pkey primary key (id),
  add constraint analytics_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  add constraint analytics_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  add constraint analytics_platform_fkey foreign key (platform) references platforms (name) on delete restrict;
comment on table analytics is 'Cumulative numbers as the platform told them at fetched_at; null = the platform does not tell.';
create index analytics_publication_idx on analytics (project_id, publication_id, fetched_at desc);
create unique index analytics_monthly_key on analytics (id, fetched_at);
create index analytics_account_idx on analytics (project_id, account_id);
create index analytics_platform_idx on analytics (platform);
alter table analytics enable row level security;
create policy analytics_read on analytics for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy analytics_worker on analytics for all to posthaste_worker using (true) with check (true);
create policy analytics_reporting on analytics for select to posthaste_reporting using (true);
grant select on analytics to posthaste_api, posthaste_reporting;
grant select, insert on analytics to posthaste_worker;

alter table publication_attempts rename to publication_attempts_monthly;
alter index publication_attempts_pkey rename to publication_attempts_monthly_pkey;
alter index publication_attempts_publication_idx rename to publication_attempts_monthly_publication_idx;
alter index publication_attempts_lease_idx rename to publication_attempts_monthly_lease_idx;
alter index publication_attempts_account_idx rename to publication_attempts_monthly_account_idx;
alter index publication_attempts_quota_idx rename to publication_attempts_monthly_quota_idx;
create table publication_attempts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  kind text not null,
  generation integer not null,
  lease_token uuid not null,
  started_at timestamptz not null default app.now(),
  commit_started_at timestamptz,
  finished_at timestamptz,
  outcome text,
  failure_class text,
  failure_code text,
  message text,
  constraint publication_attempts_kind_known check (kind in ('publish', 'prepare', 'confirm', 'reconcile', 'resolve')),
  constraint publication_attempts_outcome_known check (outcome in ('published', 'accepted', 'prepared', 'waiting', 'retry', 'failed',
    'unknown', 'absent', 'lost', 'refused'))
);
insert into publication_attempts (id, project_id, publication_id, account_id, kind, generation, lease_token, started_at,
  commit_started_at, finished_at, outcome, failure_class, failure_code, message)
select id, project_id, publication_id, account_id, kind, generation, lease_token, started_at,
  commit_started_at, finished_at, outcome, failure_class, failure_code, message from publication_attempts_monthly;
drop table publication_attempts_monthly;
alter table publication_attempts
  add constraint publication_attempts_pkey primary key (id),
  add constraint publication_attempts_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  add constraint publication_attempts_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade;
comment on table publication_attempts is 'Written before a platform is called; quotas are counted from it.';
create index publication_attempts_publication_idx on publication_attempts (project_id, publication_id);
create unique index publication_attempts_monthly_key on publication_attempts (id, started_at);
create index publication_attempts_lease_idx on publication_attempts (lease_token);
create index publication_attempts_account_idx on publication_attempts (project_id, account_id);
create index publication_attempts_quota_idx on publication_attempts (account_id, commit_started_at) where commit_started_at is not null;
alter table publication_attempts enable row level security;
create policy publication_attempts_read on publication_attempts for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy publication_attempts_resolve on publication_attempts for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]) and kind = 'resolve');
create policy publication_attempts_worker on publication_attempts for all to posthaste_worker using (true) with check (true);
grant select, insert on publication_attempts to posthaste_api;
grant select, insert, update on publication_attempts to posthaste_worker;

delete from partitioned_tables where name in ('analytics', 'publication_attempts');
