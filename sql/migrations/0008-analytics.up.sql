-- Old code keeps working: yes.
-- Snapshots of a publication's numbers, and the links to report pages.

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
  constraint analytics_pkey primary key (id),
  constraint analytics_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint analytics_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint analytics_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint analytics_source_known check (source in ('poll', 'refresh'))
);
comment on table analytics is 'Cumulative numbers as the platform told them at fetched_at; null = the platform does not tell.';
create index analytics_publication_idx on analytics (project_id, publication_id, fetched_at desc);
create index analytics_account_idx on analytics (project_id, account_id);
create index analytics_platform_idx on analytics (platform);
alter table analytics enable row level security;
create policy analytics_read on analytics for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy analytics_worker on analytics for all to posthaste_worker using (true) with check (true);
create policy analytics_reporting on analytics for select to posthaste_reporting using (true);
grant select on analytics to posthaste_api, posthaste_reporting;
grant select, insert on analytics to posthaste_worker;

create table report_links (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  token_hash text not null,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '30 days',
  revoked_at timestamptz,
  constraint report_links_pkey primary key (id),
  constraint report_links_token_hash_key unique (token_hash),
  constraint report_links_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint report_links_created_by_fkey foreign key (created_by) references users (id) on delete set null
);
comment on table report_links is 'Who holds the unguessable path may read the report of one post, until it expires.';
create index report_links_post_idx on report_links (project_id, post_id);
create index report_links_created_by_idx on report_links (created_by);
alter table report_links enable row level security;
create policy report_links_read on report_links for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy report_links_insert on report_links for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy report_links_revoke on report_links for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select (id, project_id, post_id, created_by, created_at, expires_at, revoked_at), insert, update (revoked_at) on report_links to posthaste_api;

-- The report behind a link, as one JSON value; nothing where the link is unknown, expired or revoked.
create function app.report(token_hash text) returns table (report jsonb)
language sql stable security definer set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'postId', p.id,
    'projectName', pr.name,
    'text', p.text,
    'dueAt', p.due_at,
    'publications', coalesce((
      select jsonb_agg(jsonb_build_object(
        'platform', pp.platform, 'handle', a.handle, 'state', pp.state, 'url', pp.url, 'dueAt', pp.due_at,
        'publishedAt', coalesce(pp.platform_published_at, pp.published_at), 'likes', pp.likes, 'comments', pp.comments, 'shares', pp.shares, 'views', pp.views,
        'metricsAt', pp.metrics_at,
        'history', coalesce((
          select jsonb_agg(jsonb_build_object('fetchedAt', h.fetched_at, 'likes', h.likes, 'comments', h.comments) order by h.fetched_at)
          from (
            select an.fetched_at, an.likes, an.comments from analytics an
            where an.project_id = pp.project_id and an.publication_id = pp.id
            order by an.fetched_at desc limit 200
          ) h), '[]'::jsonb)
        ) order by pp.id)
      from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
      where pp.project_id = p.project_id and pp.post_id = p.id), '[]'::jsonb))
  from report_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = report.token_hash and l.revoked_at is null and l.expires_at > app.now()
$$;
grant execute on function app.report(text) to posthaste_public;
