-- Old code keeps working: yes (the same columns and rights; its statements only look into more partitions than they need).
-- analytics and publication_attempts by month. No row is copied: what there is becomes one partition up to the next month.

create function app.adopt(old_table regclass, parent regclass, key text, index_name text) returns void
language plpgsql set search_path = public, pg_temp
as $$
declare
  newest timestamptz;
  pkey text;
  policy text;
begin
  execute format('select max(%I) from %s', key, old_table) into newest;
  if newest is null then
    execute format('drop table %s', old_table);
    return;
  end if;
  for policy in select p.polname from pg_policy p where p.polrelid = old_table loop
    execute format('drop policy %I on %s', policy, old_table);
  end loop;
  execute format('revoke all on %s from posthaste_api, posthaste_worker, posthaste_reporting', old_table);
  pkey := (select k.conname from pg_constraint k where k.conrelid = old_table and k.contype = 'p');
  execute format('alter table %s drop constraint %I, add constraint %I primary key using index %I', old_table, pkey, pkey, index_name);
  execute format('alter table %s attach partition %s for values from (minvalue) to (%L)', parent, old_table,
    (date_trunc('month', greatest(newest, app.now()) at time zone 'UTC') + interval '1 month') at time zone 'UTC');
end
$$;

alter table analytics rename to analytics_before;
alter index analytics_pkey rename to analytics_before_pkey;
alter index analytics_publication_idx rename to analytics_before_publication_idx;
alter index analytics_account_idx rename to analytics_before_account_idx;
alter index analytics_platform_idx rename to analytics_before_platform_idx;

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
  constraint analytics_pkey primary key (id, fetched_at),
  constraint analytics_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint analytics_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint analytics_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint analytics_source_known check (source in ('poll', 'refresh'))
) partition by range (fetched_at);
comment on table analytics is 'Cumulative numbers as the platform told them at fetched_at; null = the platform does not tell. By month.';
create index analytics_publication_idx on analytics (project_id, publication_id, fetched_at desc);
create index analytics_account_idx on analytics (project_id, account_id);
create index analytics_platform_idx on analytics (platform);
alter table analytics enable row level security;
create policy analytics_read on analytics for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy analytics_worker on analytics for all to posthaste_worker using (true) with check (true);
create policy analytics_reporting on analytics for select to posthaste_reporting using (true);
grant select on analytics to posthaste_api, posthaste_reporting;
grant select, insert on analytics to posthaste_worker;
select app.adopt('analytics_before', 'analytics', 'fetched_at', 'analytics_monthly_key');
select app.partition_monthly('analytics', 24, true);

alter table publication_attempts rename to publication_attempts_before;
alter index publication_attempts_pkey rename to publication_attempts_before_pkey;
alter index publication_attempts_publication_idx rename to publication_attempts_before_publication_idx;
alter index publication_attempts_lease_idx rename to publication_attempts_before_lease_idx;
alter index publication_attempts_account_idx rename to publication_attempts_before_account_idx;
alter index publication_attempts_quota_idx rename to publication_attempts_before_quota_idx;

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
  constraint publication_attempts_pkey primary key (id, started_at),
  constraint publication_attempts_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint publication_attempts_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint publication_attempts_kind_known check (kind in ('publish', 'prepare', 'confirm', 'reconcile', 'resolve')),
  constraint publication_attempts_outcome_known check (outcome in ('published', 'accepted', 'prepared', 'waiting', 'retry', 'failed',
    'unknown', 'absent', 'lost', 'refused'))
) partition by range (started_at);
comment on table publication_attempts is 'Written before a platform is called; quotas are counted from it. By month: statements say from when on they look.';
create index publication_attempts_publication_idx on publication_attempts (project_id, publication_id);
create index publication_attempts_lease_idx on publication_attempts (lease_token);
create index publication_attempts_account_idx on publication_attempts (project_id, account_id);
create index publication_attempts_quota_idx on publication_attempts (account_id, commit_started_at) where commit_started_at is not null;
alter table publication_attempts enable row level security;
create policy publication_attempts_read on publication_attempts for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy publication_attempts_resolve on publication_attempts for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]) and kind = 'resolve');
create policy publication_attempts_worker on publication_attempts for all to posthaste_worker using (true) with check (true);
grant select, insert (project_id, publication_id, account_id, kind, generation, lease_token, finished_at, outcome, message)
  on publication_attempts to posthaste_api;
grant select, insert, update on publication_attempts to posthaste_worker;
select app.adopt('publication_attempts_before', 'publication_attempts', 'started_at',
  'publication_attempts_monthly_key');
select app.partition_monthly('publication_attempts', 13, true);

drop function app.adopt(regclass, regclass, text, text);
