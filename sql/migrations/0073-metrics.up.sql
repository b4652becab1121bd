-- Old code keeps working: yes (what is new has defaults).
-- Numbers over time: richer snapshots, rollups by hour, day, week and month, numbers of accounts, people and of the system.

create function app.engagement_rate(likes bigint, comments bigint, shares bigint, saves bigint, reach bigint,
  impressions bigint, views bigint) returns numeric
language sql immutable parallel safe
as $$
  select case when base is not null then least(100, greatest(0,
    round(100.0 * (coalesce(likes, 0) + coalesce(comments, 0) + coalesce(shares, 0) + coalesce(saves, 0)) / base, 2))) end
  from coalesce(nullif(reach, 0), nullif(impressions, 0), nullif(views, 0)) as base
$$;
comment on function app.engagement_rate is
  'Likes, comments, shares and saves in percent of the people reached; where the platform tells no reach, of impressions, else of views. 0 to 100; null without any of them.';
grant execute on function app.engagement_rate(bigint, bigint, bigint, bigint, bigint, bigint, bigint)
  to posthaste_api, posthaste_worker, posthaste_reporting;

alter table analytics
  add column engagement_rate numeric(5, 2),
  add column demographics jsonb,
  add column metrics_by_time jsonb,
  add column raw jsonb,
  add column created_at timestamptz not null default app.now(),
  drop constraint analytics_source_known,
  add constraint analytics_source_known check (source in ('poll', 'refresh', 'import')),
  add constraint analytics_engagement_rate_percent check (engagement_rate between 0 and 100),
  add constraint analytics_demographics_object check (jsonb_typeof(demographics) = 'object');
comment on column analytics.fetched_at is 'When the platform told it. Decides the month, and the bucket of the rollups.';
comment on column analytics.created_at is 'When it came here: later than fetched_at for what was imported or came late.';
comment on column analytics.engagement_rate is 'By app.engagement_rate: percent of reach, else impressions, else views.';
comment on column analytics.demographics is 'Who was reached: age, gender, country, as the platform tells.';
comment on column analytics.metrics_by_time is 'Series that the platform itself keeps, by metric.';
comment on column analytics.raw is 'The platform''s answer, where it tells more than the columns hold.';
create index analytics_fetched_at_idx on analytics (fetched_at desc);

create table analytics_touched (
  publication_id uuid not null,
  project_id uuid not null,
  from_at timestamptz not null,
  constraint analytics_touched_pkey primary key (publication_id),
  constraint analytics_touched_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade
);
comment on table analytics_touched is 'Publications whose rollups do not know their newest snapshots yet.';
comment on column analytics_touched.from_at is 'The earliest snapshot that the rollups do not know: with late ones far in the past.';
create index analytics_touched_publication_idx on analytics_touched (project_id, publication_id);
create index analytics_touched_from_at_idx on analytics_touched (from_at);
alter table analytics_touched enable row level security;
create policy analytics_touched_worker on analytics_touched for select to posthaste_worker using (true);
grant select on analytics_touched to posthaste_worker;

create function app.touch_analytics() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into analytics_touched as t (publication_id, project_id, from_at)
  select n.publication_id, n.project_id, min(n.fetched_at) from new_rows n
  group by n.publication_id, n.project_id order by n.publication_id
  on conflict on constraint analytics_touched_pkey do update set from_at = least(t.from_at, excluded.from_at);
  return null;
end
$$;
create trigger analytics_touch after insert on analytics referencing new table as new_rows
  for each statement execute function app.touch_analytics();

create table analytics_rollups (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid,
  publication_id uuid,
  level text not null generated always as (
    case when publication_id is not null then 'publication' when account_id is not null then 'account' else 'project' end) stored,
  target_id uuid not null generated always as (coalesce(publication_id, account_id, project_id)) stored,
  parent_id uuid generated always as (
    case when publication_id is not null then account_id when account_id is not null then project_id end) stored,
  period text not null,
  starts_at timestamptz not null,
  likes bigint, comments bigint, shares bigint, views bigint,
  impressions bigint, reach bigint, saves bigint, clicks bigint,
  likes_delta bigint, comments_delta bigint, shares_delta bigint, views_delta bigint,
  impressions_delta bigint, reach_delta bigint, saves_delta bigint, clicks_delta bigint,
  likes_min bigint, comments_min bigint, shares_min bigint, views_min bigint,
  impressions_min bigint, reach_min bigint, saves_min bigint, clicks_min bigint,
  likes_max bigint, comments_max bigint, shares_max bigint, views_max bigint,
  impressions_max bigint, reach_max bigint, saves_max bigint, clicks_max bigint,
  updated_at timestamptz not null default app.now(),
  constraint analytics_rollups_pkey primary key (id),
  constraint analytics_rollups_bucket_key unique (target_id, period, starts_at),
  constraint analytics_rollups_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint analytics_rollups_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint analytics_rollups_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint analytics_rollups_period_known check (period in ('hourly', 'daily', 'weekly', 'monthly')),
  constraint analytics_rollups_of_an_account check (publication_id is null or account_id is not null),
  constraint analytics_rollups_starts_on_time check (starts_at = date_trunc(
    case period when 'hourly' then 'hour' when 'daily' then 'day' when 'weekly' then 'week' else 'month' end, starts_at, 'UTC'))
);
comment on table analytics_rollups is 'Numbers per hour, day, week (from Monday) and month in UTC, of a publication, of an account and of a project. Only buckets with a snapshot have a row.';
comment on column analytics_rollups.likes is 'Known at the end of the bucket. Of an account and a project: the sum over their publications. Likewise the other plain columns.';
comment on column analytics_rollups.likes_delta is 'Gained in the bucket, counted from nothing for a first one; negative where a counter fell. Likewise the other deltas.';
comment on column analytics_rollups.likes_min is 'Lowest of the bucket''s snapshots; of an account and a project: of its hours'' ends. Likewise the other _min and _max.';
comment on column analytics_rollups.target_id is 'Whose numbers they are: the publication, the account or the project.';
comment on column analytics_rollups.parent_id is 'Into whose numbers they are added up.';
create index analytics_rollups_publication_idx on analytics_rollups (project_id, publication_id);
create index analytics_rollups_account_idx on analytics_rollups (project_id, account_id);
create index analytics_rollups_parent_idx on analytics_rollups (parent_id, starts_at) where period = 'hourly';
alter table analytics_rollups enable row level security;
create policy analytics_rollups_read on analytics_rollups for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy analytics_rollups_worker on analytics_rollups for select to posthaste_worker using (true);
create policy analytics_rollups_reporting on analytics_rollups for select to posthaste_reporting using (true);
grant select on analytics_rollups to posthaste_api, posthaste_worker, posthaste_reporting;

-- Rolls up at most so many publications, those whose news are oldest first, with all that depends on them. A bucket is always
-- computed anew, from the earliest snapshot that is news: late ones and falling counters come out as if all had been there at
-- once. One at a time; null where another is at it.
create function app.roll_up(batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  rolling jsonb;
  rolled jsonb;
  earliest timestamptz;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('app.roll_up', 0)) then
    return null;
  end if;
  with oldest as (
    select t.publication_id from analytics_touched t order by t.from_at limit batch for update skip locked
  ), taken as (
    delete from analytics_touched t using oldest o where t.publication_id = o.publication_id returning t.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('project_id', t.project_id, 'account_id', pp.account_id,
      'publication_id', t.publication_id, 'starts_at', date_trunc('hour', t.from_at, 'UTC'))), '[]'),
    date_trunc('hour', min(t.from_at), 'UTC')
  into rolling, earliest
  from taken t join post_publications pp on pp.project_id = t.project_id and pp.id = t.publication_id;
  if earliest is null then
    return 0;
  end if;

  -- Publications by hour. What was known before the first hour stands in the row before it.
  with rolling as materialized (
    select * from jsonb_to_recordset(rolling) as r(project_id uuid, account_id uuid, publication_id uuid, starts_at timestamptz)
  ), hours as (
    select r.project_id, r.account_id, r.publication_id, date_trunc('hour', a.fetched_at, 'UTC') as starts_at,
      (array_agg(a.likes order by a.fetched_at desc, a.id desc) filter (where a.likes is not null))[1] as likes,
      min(a.likes) as likes_min, max(a.likes) as likes_max,
      (array_agg(a.comments order by a.fetched_at desc, a.id desc) filter (where a.comments is not null))[1] as comments,
      min(a.comments) as comments_min, max(a.comments) as comments_max,
      (array_agg(a.shares order by a.fetched_at desc, a.id desc) filter (where a.shares is not null))[1] as shares,
      min(a.shares) as shares_min, max(a.shares) as shares_max,
      (array_agg(a.views order by a.fetched_at desc, a.id desc) filter (where a.views is not null))[1] as views,
      min(a.views) as views_min, max(a.views) as views_max,
      (array_agg(a.impressions order by a.fetched_at desc, a.id desc) filter (where a.impressions is not null))[1] as impressions,
      min(a.impressions) as impressions_min, max(a.impressions) as impressions_max,
      (array_agg(a.reach order by a.fetched_at desc, a.id desc) filter (where a.reach is not null))[1] as reach,
      min(a.reach) as reach_min, max(a.reach) as reach_max,
      (array_agg(a.saves order by a.fetched_at desc, a.id desc) filter (where a.saves is not null))[1] as saves,
      min(a.saves) as saves_min, max(a.saves) as saves_max,
      (array_agg(a.clicks order by a.fetched_at desc, a.id desc) filter (where a.clicks is not null))[1] as clicks,
      min(a.clicks) as clicks_min, max(a.clicks) as clicks_max
    from rolling r
    join analytics a on a.project_id = r.project_id and a.publication_id = r.publication_id and a.fetched_at >= r.starts_at
    where a.fetched_at >= earliest
    group by 1, 2, 3, 4
  ), before as (
    select r.publication_id, b.*
    from rolling r cross join lateral (
      select p.likes, p.comments, p.shares, p.views, p.impressions, p.reach, p.saves, p.clicks
      from analytics_rollups p
      where p.target_id = r.publication_id and p.period = 'hourly' and p.starts_at < r.starts_at
      order by p.starts_at desc limit 1
    ) b
  ), runs as (
    select h.*,
      count(h.likes) over w as likes_run,
      count(h.comments) over w as comments_run,
      count(h.shares) over w as shares_run,
      count(h.views) over w as views_run,
      count(h.impressions) over w as impressions_run,
      count(h.reach) over w as reach_run,
      count(h.saves) over w as saves_run,
      count(h.clicks) over w as clicks_run
    from hours h window w as (partition by h.publication_id order by h.starts_at)
  ), known as (
    select u.project_id, u.account_id, u.publication_id, u.starts_at,
      coalesce(max(u.likes) over (partition by u.publication_id, u.likes_run), b.likes) as likes,
      u.likes_min, u.likes_max, b.likes as likes_before,
      coalesce(max(u.comments) over (partition by u.publication_id, u.comments_run), b.comments) as comments,
      u.comments_min, u.comments_max, b.comments as comments_before,
      coalesce(max(u.shares) over (partition by u.publication_id, u.shares_run), b.shares) as shares,
      u.shares_min, u.shares_max, b.shares as shares_before,
      coalesce(max(u.views) over (partition by u.publication_id, u.views_run), b.views) as views,
      u.views_min, u.views_max, b.views as views_before,
      coalesce(max(u.impressions) over (partition by u.publication_id, u.impressions_run), b.impressions) as impressions,
      u.impressions_min, u.impressions_max, b.impressions as impressions_before,
      coalesce(max(u.reach) over (partition by u.publication_id, u.reach_run), b.reach) as reach,
      u.reach_min, u.reach_max, b.reach as reach_before,
      coalesce(max(u.saves) over (partition by u.publication_id, u.saves_run), b.saves) as saves,
      u.saves_min, u.saves_max, b.saves as saves_before,
      coalesce(max(u.clicks) over (partition by u.publication_id, u.clicks_run), b.clicks) as clicks,
      u.clicks_min, u.clicks_max, b.clicks as clicks_before
    from runs u left join before b on b.publication_id = u.publication_id
  ), stored as (
    insert into analytics_rollups as r (project_id, account_id, publication_id, period, starts_at,
      likes, comments, shares, views, impressions, reach, saves, clicks, likes_delta, comments_delta, shares_delta,
      views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta, likes_min, comments_min, shares_min,
      views_min, impressions_min, reach_min, saves_min, clicks_min, likes_max, comments_max, shares_max, views_max,
      impressions_max, reach_max, saves_max, clicks_max)
    select k.project_id, k.account_id, k.publication_id, 'hourly', k.starts_at,
      k.likes, k.comments, k.shares, k.views, k.impressions, k.reach, k.saves, k.clicks,
      k.likes - coalesce(lag(k.likes) over w, k.likes_before, 0),
      k.comments - coalesce(lag(k.comments) over w, k.comments_before, 0),
      k.shares - coalesce(lag(k.shares) over w, k.shares_before, 0),
      k.views - coalesce(lag(k.views) over w, k.views_before, 0),
      k.impressions - coalesce(lag(k.impressions) over w, k.impressions_before, 0),
      k.reach - coalesce(lag(k.reach) over w, k.reach_before, 0),
      k.saves - coalesce(lag(k.saves) over w, k.saves_before, 0),
      k.clicks - coalesce(lag(k.clicks) over w, k.clicks_before, 0),
      k.likes_min, k.comments_min, k.shares_min, k.views_min, k.impressions_min, k.reach_min, k.saves_min, k.clicks_min,
      k.likes_max, k.comments_max, k.shares_max, k.views_max, k.impressions_max, k.reach_max, k.saves_max, k.clicks_max
    from known k window w as (partition by k.publication_id order by k.starts_at)
    on conflict on constraint analytics_rollups_bucket_key do update
      set likes = excluded.likes, comments = excluded.comments, shares = excluded.shares, views = excluded.views,
        impressions = excluded.impressions, reach = excluded.reach, saves = excluded.saves, clicks = excluded.clicks,
        likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
        views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
        reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
        likes_min = excluded.likes_min, comments_min = excluded.comments_min, shares_min = excluded.shares_min,
        views_min = excluded.views_min, impressions_min = excluded.impressions_min, reach_min = excluded.reach_min,
        saves_min = excluded.saves_min, clicks_min = excluded.clicks_min, likes_max = excluded.likes_max,
        comments_max = excluded.comments_max, shares_max = excluded.shares_max, views_max = excluded.views_max,
        impressions_max = excluded.impressions_max, reach_max = excluded.reach_max, saves_max = excluded.saves_max,
        clicks_max = excluded.clicks_max,
        updated_at = app.now()
    returning r.project_id, r.account_id, r.starts_at
  )
  select coalesce(jsonb_agg(distinct jsonb_build_object('project_id', s.project_id, 'account_id', s.account_id,
    'starts_at', s.starts_at)), '[]') into rolled
  from stored s;

  perform app.roll_up_sums(rolled, true);
  perform app.roll_up_sums(rolled, false);
  perform app.roll_up_periods(rolling || rolled);
  return jsonb_array_length(rolling);
end
$$;
comment on function app.roll_up is 'Publications rolled up; 0 when all is, null when another is at it.';
grant execute on function app.roll_up(integer) to posthaste_worker;

-- The hours of accounts (from their publications) or of projects (from their accounts): gains are added up, and what is known
-- is what was known before and all gains since.
create function app.roll_up_sums(rolled jsonb, of_accounts boolean) returns void
language plpgsql set search_path = public, pg_temp
as $$
begin
  insert into analytics_rollups as r (project_id, account_id, period, starts_at,
    likes_delta, comments_delta, shares_delta, views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta)
  select t.project_id, t.account_id, 'hourly', t.starts_at,
    sum(p.likes_delta), sum(p.comments_delta), sum(p.shares_delta), sum(p.views_delta), sum(p.impressions_delta),
    sum(p.reach_delta), sum(p.saves_delta), sum(p.clicks_delta)
  from (
    select distinct t.project_id, case when of_accounts then t.account_id end as account_id, t.starts_at
    from jsonb_to_recordset(rolled) as t(project_id uuid, account_id uuid, starts_at timestamptz)
  ) t
  join analytics_rollups p on p.parent_id = coalesce(t.account_id, t.project_id) and p.period = 'hourly'
    and p.starts_at = t.starts_at
  group by 1, 2, 3, 4
  on conflict on constraint analytics_rollups_bucket_key do update
    set likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
      views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
      reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
      updated_at = app.now();

  update analytics_rollups r
  set likes = s.likes, comments = s.comments, shares = s.shares, views = s.views, impressions = s.impressions,
    reach = s.reach, saves = s.saves, clicks = s.clicks,
    likes_min = s.likes, comments_min = s.comments, shares_min = s.shares, views_min = s.views,
    impressions_min = s.impressions, reach_min = s.reach, saves_min = s.saves, clicks_min = s.clicks,
    likes_max = s.likes, comments_max = s.comments, shares_max = s.shares, views_max = s.views,
    impressions_max = s.impressions, reach_max = s.reach, saves_max = s.saves, clicks_max = s.clicks
  from (
    select h.id,
      case when b.likes is not null or count(h.likes_delta) over w > 0
        then coalesce(b.likes, 0) + coalesce(sum(h.likes_delta) over w, 0) end as likes,
      case when b.comments is not null or count(h.comments_delta) over w > 0
        then coalesce(b.comments, 0) + coalesce(sum(h.comments_delta) over w, 0) end as comments,
      case when b.shares is not null or count(h.shares_delta) over w > 0
        then coalesce(b.shares, 0) + coalesce(sum(h.shares_delta) over w, 0) end as shares,
      case when b.views is not null or count(h.views_delta) over w > 0
        then coalesce(b.views, 0) + coalesce(sum(h.views_delta) over w, 0) end as views,
      case when b.impressions is not null or count(h.impressions_delta) over w > 0
        then coalesce(b.impressions, 0) + coalesce(sum(h.impressions_delta) over w, 0) end as impressions,
      case when b.reach is not null or count(h.reach_delta) over w > 0
        then coalesce(b.reach, 0) + coalesce(sum(h.reach_delta) over w, 0) end as reach,
      case when b.saves is not null or count(h.saves_delta) over w > 0
        then coalesce(b.saves, 0) + coalesce(sum(h.saves_delta) over w, 0) end as saves,
      case when b.clicks is not null or count(h.clicks_delta) over w > 0
        then coalesce(b.clicks, 0) + coalesce(sum(h.clicks_delta) over w, 0) end as clicks
    from (
      select case when of_accounts then t.account_id else t.project_id end as target_id, min(t.starts_at) as starts_at
      from jsonb_to_recordset(rolled) as t(project_id uuid, account_id uuid, starts_at timestamptz) group by 1
    ) f
    join analytics_rollups h on h.target_id = f.target_id and h.period = 'hourly' and h.starts_at >= f.starts_at
    left join lateral (
      select p.likes, p.comments, p.shares, p.views, p.impressions, p.reach, p.saves, p.clicks
      from analytics_rollups p
      where p.target_id = f.target_id and p.period = 'hourly' and p.starts_at < f.starts_at
      order by p.starts_at desc limit 1
    ) b on true
    window w as (partition by h.target_id order by h.starts_at)
  ) s
  where r.id = s.id;
end
$$;

-- Days, weeks and months out of hours, on all three levels, from the first hour that changed. A line without a publication is
-- the account's.
create function app.roll_up_periods(changed jsonb) returns void
language plpgsql set search_path = public, pg_temp
as $$
begin
  insert into analytics_rollups as r (project_id, account_id, publication_id, period, starts_at,
    likes, comments, shares, views, impressions, reach, saves, clicks, likes_delta, comments_delta, shares_delta,
    views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta, likes_min, comments_min, shares_min,
    views_min, impressions_min, reach_min, saves_min, clicks_min, likes_max, comments_max, shares_max, views_max,
    impressions_max, reach_max, saves_max, clicks_max)
  select h.project_id, h.account_id, h.publication_id, p.period, date_trunc(p.unit, h.starts_at, 'UTC'),
    (array_agg(h.likes order by h.starts_at desc))[1],
    (array_agg(h.comments order by h.starts_at desc))[1],
    (array_agg(h.shares order by h.starts_at desc))[1],
    (array_agg(h.views order by h.starts_at desc))[1],
    (array_agg(h.impressions order by h.starts_at desc))[1],
    (array_agg(h.reach order by h.starts_at desc))[1],
    (array_agg(h.saves order by h.starts_at desc))[1],
    (array_agg(h.clicks order by h.starts_at desc))[1],
    sum(h.likes_delta), sum(h.comments_delta), sum(h.shares_delta), sum(h.views_delta), sum(h.impressions_delta),
    sum(h.reach_delta), sum(h.saves_delta), sum(h.clicks_delta),
    min(h.likes_min), min(h.comments_min), min(h.shares_min), min(h.views_min), min(h.impressions_min), min(h.reach_min),
    min(h.saves_min), min(h.clicks_min),
    max(h.likes_max), max(h.comments_max), max(h.shares_max), max(h.views_max), max(h.impressions_max), max(h.reach_max),
    max(h.saves_max), max(h.clicks_max)
  from (
    select t.id as target_id, min(c.starts_at) as from_at
    from jsonb_to_recordset(changed) as c(project_id uuid, account_id uuid, publication_id uuid, starts_at timestamptz)
    cross join lateral (values (coalesce(c.publication_id, c.account_id)), (c.project_id)) t (id)
    group by 1
  ) f
  cross join (values ('daily', 'day'), ('weekly', 'week'), ('monthly', 'month')) as p (period, unit)
  join analytics_rollups h on h.target_id = f.target_id and h.period = 'hourly'
    and h.starts_at >= date_trunc(p.unit, f.from_at, 'UTC')
  group by 1, 2, 3, 4, 5
  on conflict on constraint analytics_rollups_bucket_key do update
    set likes = excluded.likes, comments = excluded.comments, shares = excluded.shares, views = excluded.views,
      impressions = excluded.impressions, reach = excluded.reach, saves = excluded.saves, clicks = excluded.clicks,
      likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
      views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
      reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
      likes_min = excluded.likes_min, comments_min = excluded.comments_min, shares_min = excluded.shares_min,
      views_min = excluded.views_min, impressions_min = excluded.impressions_min, reach_min = excluded.reach_min,
      saves_min = excluded.saves_min, clicks_min = excluded.clicks_min, likes_max = excluded.likes_max,
      comments_max = excluded.comments_max, shares_max = excluded.shares_max, views_max = excluded.views_max,
      impressions_max = excluded.impressions_max, reach_max = excluded.reach_max, saves_max = excluded.saves_max,
      clicks_max = excluded.clicks_max,
      updated_at = app.now();
end
$$;

create table account_metrics (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid not null,
  day date not null,
  followers bigint,
  following bigint,
  posts bigint,
  demographics jsonb,
  fetched_at timestamptz not null default app.now(),
  constraint account_metrics_pkey primary key (id),
  constraint account_metrics_day_key unique (project_id, account_id, day),
  constraint account_metrics_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint account_metrics_natural check (followers >= 0 and following >= 0 and posts >= 0),
  constraint account_metrics_demographics_object check (jsonb_typeof(demographics) = 'object')
);
comment on table account_metrics is 'An account''s own numbers, the latest of each day (UTC). Written whenever social_accounts learns new ones.';
comment on column account_metrics.followers is 'As the platform told at fetched_at; null = it does not tell. Likewise following and posts.';
comment on column account_metrics.demographics is 'Who follows: age, gender, country, as the platform tells.';
create index account_metrics_day_idx on account_metrics (day);
alter table account_metrics enable row level security;
create policy account_metrics_read on account_metrics for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy account_metrics_worker on account_metrics for all to posthaste_worker using (true) with check (true);
create policy account_metrics_reporting on account_metrics for select to posthaste_reporting using (true);
grant select on account_metrics to posthaste_api, posthaste_reporting;
grant select, insert, update on account_metrics to posthaste_worker;

create function app.note_account_metrics() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into account_metrics as m (project_id, account_id, day, followers, following, posts)
  values (new.project_id, new.id, (app.now() at time zone 'UTC')::date, new.followers_count, new.following_count, new.posts_count)
  on conflict on constraint account_metrics_day_key do update
    set followers = excluded.followers, following = excluded.following, posts = excluded.posts, fetched_at = app.now();
  return null;
end
$$;
create trigger social_accounts_note_metrics
  after update of last_synced_at, followers_count, following_count, posts_count on social_accounts
  for each row when (num_nonnulls(new.followers_count, new.following_count, new.posts_count) > 0
    and (new.last_synced_at, new.followers_count, new.following_count, new.posts_count)
      is distinct from (old.last_synced_at, old.followers_count, old.following_count, old.posts_count))
  execute function app.note_account_metrics();

create table user_analytics (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  day date not null,
  profile_views integer not null default 0,
  post_impressions integer not null default 0,
  post_engagements integer not null default 0,
  followers_gained integer not null default 0,
  followers_lost integer not null default 0,
  total_likes integer not null default 0,
  total_comments integer not null default 0,
  total_shares integer not null default 0,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint user_analytics_pkey primary key (id),
  constraint user_analytics_day_key unique (user_id, day),
  constraint user_analytics_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_analytics_natural check (
    least(profile_views, post_impressions, post_engagements, followers_gained, followers_lost) >= 0)
);
comment on table user_analytics is 'What the community did with a person''s posts and profile, per day (UTC). Derived from engagement_events.';
comment on column user_analytics.post_impressions is 'Views of the person''s posts that day.';
comment on column user_analytics.post_engagements is 'Likes, comments, shares, saves and clicks that day, those taken back later too.';
comment on column user_analytics.total_likes is 'Likes given less those taken back, that day. Likewise total_comments and total_shares.';
create index user_analytics_latest_idx on user_analytics (user_id, day desc);
create index user_analytics_day_idx on user_analytics (day);
alter table user_analytics enable row level security;
create policy user_analytics_own on user_analytics for select to posthaste_api using (user_id = (select app.user_id()));
create policy user_analytics_worker on user_analytics for all to posthaste_worker using (true) with check (true);
create policy user_analytics_reporting on user_analytics for select to posthaste_reporting using (true);
grant select on user_analytics to posthaste_api;
grant select (id, day, profile_views, post_impressions, post_engagements, followers_gained, followers_lost, total_likes,
  total_comments, total_shares) on user_analytics to posthaste_reporting;
grant select, insert, update on user_analytics to posthaste_worker;

create table system_metrics (
  id uuid not null default uuidv7(),
  name text not null,
  value numeric(15, 4) not null,
  tags jsonb not null default '{}',
  recorded_at timestamptz not null default app.now(),
  constraint system_metrics_pkey primary key (id),
  constraint system_metrics_name_length check (length(name) between 1 and 100),
  constraint system_metrics_tags_object check (jsonb_typeof(tags) = 'object')
);
comment on table system_metrics is 'How the system itself does: slow statements, dead rows, sizes. Kept for 90 days.';
comment on column system_metrics.name is 'As in statement.mean_ms, table.dead_rows; the unit is its last word.';
comment on column system_metrics.tags is 'What it was measured of: table, statement.';
create index system_metrics_name_idx on system_metrics (name, recorded_at desc);
create index system_metrics_tags_idx on system_metrics using gin (tags);
create index system_metrics_recorded_at_idx on system_metrics (recorded_at);
alter table system_metrics enable row level security;
create policy system_metrics_staff on system_metrics for select to posthaste_api using ((select app.is_staff('admin')));
create policy system_metrics_worker on system_metrics for all to posthaste_worker using (true) with check (true);
create policy system_metrics_reporting on system_metrics for select to posthaste_reporting using (true);
grant select on system_metrics to posthaste_api, posthaste_reporting;
grant select, insert, delete on system_metrics to posthaste_worker;
