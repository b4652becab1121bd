/** Numbers: asked for by people, fetched by the worker. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { platformNames } from '../platforms/connector.ts';
import { PostAnalytics } from './shapes.ts';

export const readPostAnalytics = query({
  name: 'readPostAnalytics',
  kind: 'actor',
  access: 'read',
  row: PostAnalytics,
})<{ postId: string }>`
  with publication as (
    select pp.id, pp.account_id, pp.platform, a.handle, pp.state, pp.url, pp.published_at, pp.metrics_at, pp.likes, pp.comments,
      pp.shares, pp.views,
      coalesce((
        select jsonb_agg(jsonb_build_object('fetchedAt', h.fetched_at, 'source', h.source, 'likes', h.likes, 'comments', h.comments,
          'shares', h.shares, 'views', h.views, 'impressions', h.impressions, 'reach', h.reach, 'saves', h.saves,
          'clicks', h.clicks) order by h.fetched_at)
        from (
          select * from analytics an
          where an.project_id = pp.project_id and an.publication_id = pp.id and an.fetched_at >= least(pp.created_at, pp.published_at)
          order by an.fetched_at desc limit 200
        ) h), '[]'::jsonb) as history
    from posts p
    join post_publications pp on pp.project_id = p.project_id and pp.post_id = p.id
    join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
    where p.id = ${'postId'}::uuid
  )
  select p.id as post_id, p.metrics_requested_at as requested_at,
    (select jsonb_build_object('likes', sum(b.likes), 'comments', sum(b.comments), 'shares', sum(b.shares), 'views', sum(b.views))
      from publication b) as totals,
    coalesce((
      select jsonb_agg(jsonb_build_object('publicationId', b.id, 'accountId', b.account_id, 'platform', b.platform,
        'handle', b.handle, 'state', b.state, 'url', b.url, 'publishedAt', b.published_at, 'metricsAt', b.metrics_at,
        'likes', b.likes, 'comments', b.comments, 'shares', b.shares, 'views', b.views, 'history', b.history) order by b.id)
      from publication b), '[]'::jsonb) as publications
  from posts p where p.id = ${'postId'}::uuid and p.deleted_at is null`;

/** At most one refresh of a post in ten seconds, whoever asks. */
export const requestRefresh = query({
  name: 'requestRefresh',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.enum(['ok', 'not_found', 'forbidden', 'refresh_too_soon', 'wrong_state']),
    projectId: id.nullable(),
    requestedAt: instant.nullable(),
    publications: z.array(id),
    waitS: z.number(),
  }),
})<{ postId: string }>`
  with post as (
    select p.id, p.project_id, p.metrics_requested_at, p.project_id = any ((select app.projects_of('write'))::uuid[]) as writable,
      exists (
        select from post_publications pp where pp.project_id = p.project_id and pp.post_id = p.id and pp.state = 'published'
      ) as published
    from posts p where p.id = ${'postId'}::uuid and p.deleted_at is null
  ), granted as (
    update posts p set metrics_requested_at = app.now()
    from post q
    where p.id = q.id and q.writable and q.published
      and (p.metrics_requested_at is null or p.metrics_requested_at <= app.now() - interval '10 seconds')
    returning p.id, p.project_id, p.metrics_requested_at
  ), target as (
    update post_publications pp set next_metrics_at = app.now(), metrics_lease_until = app.now() + interval '30 seconds'
    from granted g
    where pp.project_id = g.project_id and pp.post_id = g.id and pp.state = 'published' and pp.removed_at is null
    returning pp.id
  )
  select
    case
      when q.id is null then 'not_found'
      when not q.writable then 'forbidden'
      when not q.published then 'wrong_state'
      when g.id is null then 'refresh_too_soon'
      else 'ok'
    end as outcome,
    q.project_id, g.metrics_requested_at as requested_at,
    coalesce((select jsonb_agg(t.id order by t.id) from target t), '[]'::jsonb) as publications,
    greatest(1, coalesce(10 - floor(extract(epoch from app.now() - q.metrics_requested_at)), 10))::integer as wait_s
  from (select 1) one left join post q on true left join granted g on true`;

/** What is due for a sync. The lease is the message's: a lost one is sent again when it ends. */
export const claimDueMetrics = query({
  name: 'claimDueMetrics',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, projectId: id }),
})<{ limit: number }>`
  with due as (
    select pp.id from post_publications pp
    where pp.state = 'published' and pp.next_metrics_at <= app.now()
      and (pp.metrics_lease_until is null or pp.metrics_lease_until < app.now())
    order by pp.next_metrics_at
    limit ${'limit'}::integer
    for update skip locked
  )
  update post_publications pp set metrics_lease_until = app.now() + interval '5 minutes'
  from due where pp.id = due.id
  returning pp.id, pp.project_id`;

const job = z.object({
  id,
  accountId: id,
  platform: z.enum(platformNames),
  platformPostId: z.string(),
  account: z.object({
    platformAccountId: z.string(),
    handle: z.string(),
    baseUrl: z.string(),
    status: z.string(),
    metricsUrl: z.string().nullable(),
  }),
  token: z
    .object({
      access: z.string(),
      refresh: z.string().nullable(),
      expiresInS: z.number().nullable(),
      version: z.number(),
    })
    .nullable(),
});
export type MetricsJob = z.output<typeof job>;

export const loadMetricsJobs = query({ name: 'loadMetricsJobs', kind: 'worker', access: 'read', row: job })<{
  ids: string[];
}>`
  select pp.id, pp.account_id, pp.platform, pp.platform_post_id, w.account, w.token
  from post_publications pp
  cross join lateral app.work_account(pp.project_id, pp.account_id, pp.platform) w
  where pp.id = any (${'ids'}::uuid[]) and pp.state = 'published' and pp.platform_post_id is not null and pp.removed_at is null`;

/**
 * Snapshots, the publications' counters, and when to look again: the older a post, the more seldom. What failed keeps its
 * numbers and is asked later; an account that must be connected anew is marked.
 */
export const storeMetrics = query({
  name: 'storeMetrics',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ stored: z.number(), postponed: z.number(), accounts: z.number() }),
})<{ results: Json }>`
  with result as (
    select * from jsonb_to_recordset(${'results'}::jsonb) as r(id uuid, ok boolean, source text, likes bigint, comments bigint,
      shares bigint, views bigint, impressions bigint, reach bigint, saves bigint, clicks bigint, "waitS" double precision,
      "accountStatus" text, message text, "spentToken" integer)
  ), counted as (
    update post_publications pp
    set likes = case when r.ok then r.likes else pp.likes end, comments = case when r.ok then r.comments else pp.comments end,
      shares = case when r.ok then r.shares else pp.shares end, views = case when r.ok then r.views else pp.views end,
      impressions = case when r.ok then r.impressions else pp.impressions end, reach = case when r.ok then r.reach else pp.reach end,
      saves = case when r.ok then r.saves else pp.saves end, clicks = case when r.ok then r.clicks else pp.clicks end,
      engagement_rate = case when r.ok then app.engagement_rate(r.likes, r.comments, r.shares, r.saves, r.reach, r.impressions, r.views)
        else pp.engagement_rate end,
      metrics_at = case when r.ok then app.now() else pp.metrics_at end,
      metrics_lease_until = null,
      next_metrics_at = app.now() + greatest(
        make_interval(secs => coalesce(r."waitS", 0)),
        case
          when pp.published_at > app.now() - interval '5 minutes' then interval '1 minute'
          when pp.published_at > app.now() - interval '1 hour' then interval '5 minutes'
          when pp.published_at > app.now() - interval '6 hours' then interval '15 minutes'
          when pp.published_at > app.now() - interval '1 day' then interval '1 hour'
          when pp.published_at > app.now() - interval '7 days' then interval '6 hours'
          else interval '24 hours'
        end)
    from result r
    where pp.id = r.id and pp.state = 'published'
    returning pp.id, pp.project_id, pp.account_id, pp.platform, r.ok, r."accountStatus", r.message, r."spentToken"
  ), snapshot as (
    insert into analytics (project_id, publication_id, account_id, platform, source, likes, comments, shares, views, impressions,
      reach, saves, clicks, engagement_rate)
    select c.project_id, c.id, c.account_id, c.platform, r.source, r.likes, r.comments, r.shares, r.views, r.impressions, r.reach,
      r.saves, r.clicks, app.engagement_rate(r.likes, r.comments, r.shares, r.saves, r.reach, r.impressions, r.views)
    from counted c join result r on r.id = c.id
    where c.ok
    returning 1
  ), account as (
    update social_accounts a set status = c."accountStatus", status_reason = c.message
    from counted c
    where c."accountStatus" is not null and a.project_id = c.project_id and a.id = c.account_id and a.status = 'connected'
    returning a.id
  ), token as (
    update account_tokens t set expires_at = app.now()
    from counted c
    where t.project_id = c.project_id and t.account_id = c.account_id and t.token_version = c."spentToken"
    returning t.account_id
  )
  select (select count(*) from snapshot)::integer as stored, (select count(*) from counted c where not c.ok)::integer as postponed,
    (select count(*) from account)::integer as accounts`;
