/**
 * The worker's statements: lease a batch, guard a commit, settle a batch. Three calls, whatever the batch's size.
 * Attempts lie by month. A lease, a look and a day's quota are about the last days; 32 of them are two months' partitions.
 */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { MediaKind } from '../media/shapes.ts';
import { platformNames } from '../platforms/connector.ts';

const job = z.object({
  id,
  projectId: id,
  postId: id,
  accountId: id,
  platform: z.enum(platformNames),
  state: z.string(),
  generation: z.number(),
  attempts: z.number(),
  looks: z.number(),
  leaseToken: id.nullable(),
  dueAt: instant,
  commitStartedAt: instant.nullable(),
  overdueS: z.number(),
  commitAgeS: z.number().nullable(),
  text: z.string(),
  options: z.record(z.string(), z.unknown()),
  prepared: z.record(z.string(), z.unknown()).nullable(),
  preparedReady: z.boolean(),
  platformPostId: z.string().nullable(),
  account: z.object({
    platformAccountId: z.string(),
    handle: z.string(),
    baseUrl: z.string(),
    status: z.string(),
    metricsUrl: z.string().nullable(),
    limits: z.record(z.string(), z.unknown()),
  }),
  token: z
    .object({
      access: z.string(),
      refresh: z.string().nullable(),
      expiresInS: z.number().nullable(),
      version: z.number(),
    })
    .nullable(),
  media: z.array(
    z.object({
      id,
      status: z.string(),
      failureReason: z.string().nullable(),
      altText: z.string().nullable(),
      kind: MediaKind.nullable(),
      durationMs: z.number().nullable(),
      videoCodec: z.string().nullable(),
      renditions: z.array(
        z.object({
          name: z.string(),
          key: z.string(),
          mimeType: z.string(),
          bytes: z.number(),
          width: z.number(),
          height: z.number(),
        }),
      ),
    }),
  ),
  failureClass: z.string().nullable(),
  knownPostIds: z.array(z.string()),
  postsToday: z.number(),
});
export type Job = z.output<typeof job>;

const preparation = job.extend({ revision: z.number() });
export type Preparation = z.output<typeof preparation>;

const leased = z.object({
  outcome: z.enum(['leased', 'requeued']),
  id,
  projectId: id,
  generation: z.number(),
  delayS: z.number(),
  job: job.nullable(),
});

/**
 * Leases those of the batch that are queued in the very generation of their message, due now, and not behind an earlier
 * publication of their account that is being published (for at most 60 s), or whose message is elsewhere (up to five: of more
 * the order is not worth the waiting, and what is a minute late waits for nobody); their attempts are written in the same
 * statement. What is current but early or behind is queued again under a new generation; what is current while its account is
 * paused is scheduled again, and waits there, without an attempt; all else is stale. The worker brings the lease tokens: where
 * the answer was lost, asking again gives the same leases.
 */
export const leasePublications = query({ name: 'leasePublications', kind: 'worker', access: 'guarded', row: leased })<{
  messages: Json;
  leaseS: number;
}>`
  with asked as (
    select distinct on (m.id) m.id, m.generation, coalesce(m."leaseToken", uuidv7()) as lease_token
    from jsonb_to_recordset(${'messages'}::jsonb) as m(id uuid, generation integer, "leaseToken" uuid)
    order by m.id, m.generation desc
  ), current as (
    select pp.id, asked.lease_token,
      greatest(0, ceil(extract(epoch from coalesce(pp.next_attempt_at, pp.due_at) - app.now())))::integer as early_s,
      exists (
        select from post_publications e
        where e.account_id = pp.account_id and e.state = 'publishing' and e.publishing_at > app.now() - interval '60 seconds'
          and (e.due_at, e.id) < (pp.due_at, pp.id)
      ) or (
        select count(*) from (
          select from post_publications e
          where e.account_id = pp.account_id and e.state = 'queued' and (e.due_at, e.id) < (pp.due_at, pp.id)
            and (e.id, e.generation) not in (select a.id, a.generation from asked a)
            and coalesce(e.next_attempt_at, e.due_at) between app.now() - interval '60 seconds' and app.now() + interval '2 seconds'
          limit 6
        ) earlier
      ) between 1 and 5 as behind,
      exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null) as paused
    from post_publications pp join asked on asked.id = pp.id and asked.generation = pp.generation
    where pp.state = 'queued'
    for update of pp skip locked
  ), leased as (
    update post_publications pp
    set state = 'publishing', attempts = pp.attempts + 1, lease_token = c.lease_token, next_attempt_at = null,
      lease_until = app.now() + make_interval(secs => ${'leaseS'}::double precision)
    from current c where pp.id = c.id and c.early_s = 0 and not c.behind and not c.paused
    returning pp.*
  ), requeued as (
    update post_publications pp
    set generation = pp.generation + 1, queued_at = app.now(),
      next_attempt_at = greatest(coalesce(pp.next_attempt_at, pp.due_at), app.now() + interval '1 second')
    from current c where pp.id = c.id and (c.early_s > 0 or c.behind) and not c.paused
    returning pp.id, pp.project_id, pp.generation, greatest(1, c.early_s) as delay_s
  ), held as (
    update post_publications pp set state = 'scheduled' from current c where pp.id = c.id and c.paused
    returning pp.id
  ), ledger as (
    insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token)
    select l.project_id, l.id, l.account_id, 'publish', l.generation, l.lease_token from leased l
    returning id
  ), mine as (
    select * from leased
    union all
    select pp.* from post_publications pp join asked on asked.id = pp.id and asked.lease_token = pp.lease_token
    where pp.state = 'publishing'
  )
  select 'leased' as outcome, l.id, l.project_id, l.generation, 0 as delay_s, to_jsonb(j) as job
  from mine l cross join lateral (
    select l.id, l.project_id as "projectId", l.post_id as "postId", l.account_id as "accountId", l.platform, l.state, l.generation,
      l.attempts, l.looks, l.lease_token as "leaseToken", l.due_at as "dueAt", l.commit_started_at as "commitStartedAt",
      extract(epoch from app.now() - app.late_from(l.due_at, l.account_id))::integer as "overdueS", null::integer as "commitAgeS",
      coalesce(l.text, p.text) as text, l.options, l.prepared,
      l.prepared_ready and (l.prepared_expires_at is null or l.prepared_expires_at > app.now() + interval '1 minute') as "preparedReady",
      l.platform_post_id as "platformPostId",
      w.account, w.token,
      app.media_of(l.project_id, l.post_id, l.id) as media,
      l.failure_class as "failureClass", '[]'::jsonb as "knownPostIds",
      (select count(*) from publication_attempts pa where pa.account_id = l.account_id
        and pa.commit_started_at > app.now() - interval '24 hours'
        and pa.started_at between app.now() - interval '32 days' and app.now()
        and coalesce(pa.outcome, 'unknown') in ('published', 'accepted', 'unknown', 'lost'))::integer as "postsToday"
    from posts p
    cross join lateral app.work_account(l.project_id, l.account_id, l.platform) w
    where p.project_id = l.project_id and p.id = l.post_id
  ) j
  union all
  select 'requeued', r.id, r.project_id, r.generation, r.delay_s, null
  from requeued r`;

/** The same material for a preparation, and the revision that is prepared. The state stays; only one worker prepares at a time. */
export const leasePreparations = query({
  name: 'leasePreparations',
  kind: 'worker',
  access: 'guarded',
  row: preparation,
})<{
  ids: string[];
  leaseS: number;
}>`
  with leased as (
    update post_publications pp
    set prepare_lease_until = app.now() + make_interval(secs => ${'leaseS'}::double precision)
    where pp.id = any (${'ids'}::uuid[]) and pp.state in ('scheduled', 'queued')
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
      and not (pp.prepared_ready and (pp.prepared_expires_at is null or pp.prepared_expires_at > pp.due_at))
    returning pp.*
  )
  select l.id, l.project_id, l.post_id, l.account_id, l.platform, l.state, l.generation, l.attempts, l.looks, l.lease_token, l.due_at,
    l.commit_started_at, extract(epoch from app.now() - app.late_from(l.due_at, l.account_id))::integer as overdue_s, null::integer as commit_age_s,
    coalesce(l.text, p.text) as text, l.options,
    case when l.prepared_expires_at > app.now() then l.prepared end as prepared, false as prepared_ready, l.platform_post_id,
    w.account, w.token,
    app.media_of(l.project_id, l.post_id, l.id) as media, l.failure_class, '[]'::jsonb as known_post_ids, 0 as posts_today, l.revision
  from leased l
  join posts p on p.project_id = l.project_id and p.id = l.post_id
  cross join lateral app.work_account(l.project_id, l.account_id, l.platform) w`;

/** Stores what was prepared, unless the publication was edited or published meanwhile. A claim meanwhile is no edit. */
export const storePrepared = query({
  name: 'storePrepared',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ results: Json }>`
  update post_publications pp
  set prepared = r.prepared, prepared_ready = r.ready, prepare_lease_until = app.now() + make_interval(secs => r."waitS" + 5),
    prepared_expires_at = app.now() + make_interval(secs => coalesce(r."expiresInS", 82800))
  from jsonb_to_recordset(${'results'}::jsonb) as r(id uuid, revision integer, prepared jsonb, ready boolean, "waitS" double precision, "expiresInS" double precision)
  where pp.id = r.id and pp.revision = r.revision and pp.state in ('scheduled', 'queued') and not pp.prepared_ready
  returning pp.id`;

const guarded = z.object({ id });

/**
 * The guard, immediately before the commit call, by database time: still the same lease and generation, due, and enough of
 * the lease left for the call's hard deadline. From here on only the answer, or reconcile, decides; so what is committed
 * (container, media ids) is stored with it.
 */
export const guardCommits = query({ name: 'guardCommits', kind: 'worker', access: 'write', row: guarded })<{
  leases: Json;
}>`
  with guarded as (
    update post_publications pp
    set commit_started_at = app.now(),
      prepared = coalesce(g.prepared, pp.prepared),
      prepared_ready = pp.prepared_ready or g.prepared is not null,
      prepared_expires_at = case when g.prepared is null then pp.prepared_expires_at
        else app.now() + make_interval(secs => coalesce(g."preparedExpiresInS", 82800)) end
    from jsonb_to_recordset(${'leases'}::jsonb) as g(id uuid, "leaseToken" uuid, generation integer, "needsS" double precision,
      prepared jsonb, "preparedExpiresInS" double precision)
    where pp.id = g.id and pp.state = 'publishing' and pp.lease_token = g."leaseToken" and pp.generation = g.generation
      and (pp.commit_started_at is null or pp.refused_at > pp.commit_started_at)
      and pp.due_at <= app.now() and pp.lease_until > app.now() + make_interval(secs => g."needsS")
    returning pp.id, pp.project_id, pp.lease_token
  ), ledger as (
    update publication_attempts a set commit_started_at = app.now()
    from guarded g
    where a.project_id = g.project_id and a.publication_id = g.id and a.lease_token = g.lease_token
      and a.started_at between app.now() - interval '32 days' and app.now()
    returning a.id
  )
  select g.id from guarded g`;

const settled = z.object({
  id,
  projectId: id,
  platform: z.string(),
  state: z.string(),
  delayS: z.number().nullable(),
  latenessMs: z.number().nullable(),
});

/** Settles a batch: state, evidence or failure, the attempt, and the account where the failure is the account's. What wants
 *  to be retried or given up after its commit had begun, with no answer that refused it, gets a look instead. */
export const settlePublications = query({
  name: 'settlePublications',
  kind: 'worker',
  access: 'guarded',
  row: settled,
})<{ results: Json }>`
  with result as (
    select *, r.state in ('scheduled', 'failed') and r.refused is not true as unanswered
    from jsonb_to_recordset(${'results'}::jsonb) as r(id uuid, "leaseToken" uuid, state text, outcome text,
      "platformPostId" text, url text, "platformPublishedAt" text, class text, code text, message text, "waitS" double precision,
      refused boolean, prepared jsonb, "preparedReady" boolean, "preparedExpiresInS" double precision, "dropPrepared" boolean, "accountStatus" text, "spentToken" integer)
  ), settled as (
    update post_publications pp
    set state = case when r.unanswered and pp.state = 'publishing' and pp.commit_started_at is not null then 'unknown' else r.state end,
      lease_token = null, lease_until = null,
      refused_at = case when r.refused then app.now() else pp.refused_at end,
      next_attempt_at = case
        when r."waitS" is not null then app.now() + make_interval(secs => r."waitS")
        when r.unanswered and pp.state = 'publishing' and pp.commit_started_at is not null then app.now() end,
      platform_post_id = coalesce(r."platformPostId", pp.platform_post_id),
      url = coalesce(r.url, pp.url),
      platform_published_at = coalesce(r."platformPublishedAt"::timestamptz, pp.platform_published_at),
      failure_class = r.class, failure_code = r.code, failure_message = r.message,
      prepared = case when r."dropPrepared" then null else coalesce(r.prepared, pp.prepared) end,
      prepared_ready = case when r."dropPrepared" then false else coalesce(r."preparedReady", pp.prepared_ready) end,
      prepared_expires_at = case
        when r."dropPrepared" then null
        when r.prepared is not null then app.now() + make_interval(secs => coalesce(r."preparedExpiresInS", 82800))
        else pp.prepared_expires_at end
    from result r
    where pp.id = r.id and pp.lease_token = r."leaseToken" and pp.state in ('publishing', 'processing', 'unknown')
    returning pp.id, pp.project_id, pp.account_id, pp.platform, pp.state, pp.commit_started_at, pp.due_at, r."leaseToken", r.outcome, r.class, r.code, r.message, r."waitS", r."accountStatus", r."spentToken"
  ), ledger as (
    update publication_attempts a
    set finished_at = app.now(), outcome = s.outcome, failure_class = s.class, failure_code = s.code, message = s.message
    from settled s
    where a.project_id = s.project_id and a.publication_id = s.id and a.lease_token = s."leaseToken" and a.outcome is null
      and a.started_at between app.now() - interval '32 days' and app.now()
    returning a.id
  ), account as (
    update social_accounts sa set status = s."accountStatus", status_reason = s.message
    from settled s
    where s."accountStatus" is not null and sa.project_id = s.project_id and sa.id = s.account_id and sa.status = 'connected'
    returning sa.id
  ), token as (
    update account_tokens t set expires_at = app.now()
    from settled s
    where t.project_id = s.project_id and t.account_id = s.account_id and t.token_version = s."spentToken"
    returning t.account_id
  )
  select s.id, s.project_id, s.platform, s.state, s."waitS" as delay_s,
    (extract(epoch from s.commit_started_at - app.late_from(s.due_at, s.account_id)) * 1000)::integer as lateness_ms
  from settled s`;

/** Leases those that wait for evidence (`processing`) or for the truth (`unknown`). A look that died is closed in the ledger. */
export const leaseLooks = query({ name: 'leaseLooks', kind: 'worker', access: 'guarded', row: job })<{
  ids: string[];
  leaseS: number;
}>`
  with leased as (
    update post_publications pp
    set lease_token = uuidv7(), lease_until = app.now() + make_interval(secs => ${'leaseS'}::double precision), looks = pp.looks + 1
    where pp.id = any (${'ids'}::uuid[]) and pp.state in ('processing', 'unknown')
      and pp.next_attempt_at is not null and pp.next_attempt_at <= app.now() + interval '1 second'
      and (pp.lease_until is null or pp.lease_until < app.now())
    returning pp.*
  ), died as (
    update publication_attempts a set finished_at = app.now(), outcome = 'lost'
    from leased l
    where a.project_id = l.project_id and a.publication_id = l.id and a.outcome is null
      and a.started_at between app.now() - interval '32 days' and app.now()
    returning a.id
  ), ledger as (
    insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token)
    select l.project_id, l.id, l.account_id, case l.state when 'processing' then 'confirm' else 'reconcile' end, l.generation, l.lease_token
    from leased l
    returning id
  )
  select l.id, l.project_id, l.post_id, l.account_id, l.platform, l.state, l.generation, l.attempts, l.looks, l.lease_token, l.due_at,
    l.commit_started_at, extract(epoch from app.now() - app.late_from(l.due_at, l.account_id))::integer as overdue_s,
    extract(epoch from app.now() - l.commit_started_at)::integer as commit_age_s,
    coalesce(l.text, p.text) as text, l.options, l.prepared, l.prepared_ready, l.platform_post_id,
    w.account, w.token,
    app.media_of(l.project_id, l.post_id, l.id) as media, l.failure_class,
    coalesce((
      select jsonb_agg(o.platform_post_id) from (
        select e.platform_post_id from post_publications e
        where e.project_id = l.project_id and e.account_id = l.account_id and e.id <> l.id and e.platform_post_id is not null
        order by e.published_at desc nulls last limit 200
      ) o), '[]'::jsonb) as known_post_ids,
    0 as posts_today
  from leased l
  join posts p on p.project_id = l.project_id and p.id = l.post_id
  cross join lateral app.work_account(l.project_id, l.account_id, l.platform) w`;
