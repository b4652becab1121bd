import { z } from 'zod';
import { id, instant, json } from '../db/columns.ts';
import { query } from '../db/statement.ts';

const attempt = z.object({
  id,
  kind: z.string(),
  generation: z.number(),
  startedAt: instant,
  commitStartedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  outcome: z.string().nullable(),
  failureClass: z.string().nullable(),
  failureCode: z.string().nullable(),
  message: z.string().nullable(),
});

const metrics = z.object({
  likes: z.number().nullable(),
  comments: z.number().nullable(),
  shares: z.number().nullable(),
  views: z.number().nullable(),
  fetchedAt: instant.nullable(),
});

const publicationRow = z.object({
  id,
  projectId: id,
  postId: id,
  accountId: id,
  platform: z.string(),
  state: z.string(),
  dueAt: instant.nullable(),
  nextAttemptAt: instant.nullable(),
  text: z.string(),
  options: json,
  generation: z.number(),
  scheduledAt: instant.nullable(),
  queuedAt: instant.nullable(),
  publishingAt: instant.nullable(),
  commitStartedAt: instant.nullable(),
  publishedAt: instant.nullable(),
  platformPostId: z.string().nullable(),
  platformPublishedAt: instant.nullable(),
  url: z.string().nullable(),
  latenessMs: z.number().nullable(),
  failure: json,
  metrics,
  attempts: z.array(attempt),
});

export const findPublication = query({ name: 'findPublication', kind: 'actor', access: 'read', row: publicationRow })<{
  publicationId: string;
}>`
  select pp.id, pp.project_id, pp.post_id, pp.account_id, pp.platform, pp.state, pp.due_at, pp.next_attempt_at,
    coalesce(pp.text, p.text) as text, pp.options, pp.generation, pp.scheduled_at, pp.queued_at, pp.publishing_at,
    pp.commit_started_at, pp.published_at, pp.platform_post_id, pp.platform_published_at, pp.url,
    (extract(epoch from pp.commit_started_at - pp.due_at) * 1000)::integer as lateness_ms,
    case when pp.failure_class is not null then jsonb_build_object('class', pp.failure_class, 'code', pp.failure_code,
      'message', pp.failure_message) end as failure,
    jsonb_build_object('likes', pp.likes, 'comments', pp.comments, 'shares', pp.shares, 'views', pp.views, 'fetchedAt', pp.metrics_at) as metrics,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'generation', a.generation, 'startedAt', a.started_at,
        'commitStartedAt', a.commit_started_at, 'finishedAt', a.finished_at, 'outcome', a.outcome, 'failureClass', a.failure_class,
        'failureCode', a.failure_code, 'message', a.message) order by a.id)
      from (
        select * from publication_attempts pa
        where pa.project_id = pp.project_id and pa.publication_id = pp.id
          and pa.started_at >= least(pp.created_at, pp.published_at)
        order by pa.id desc limit 50
      ) a), '[]'::jsonb) as attempts
  from post_publications pp
  join posts p on p.project_id = pp.project_id and p.id = pp.post_id
  where pp.id = ${'publicationId'}::uuid and p.deleted_at is null`;

/**
 * A user settles what nobody could find out: it is live at this URL, or it is not live and may be tried again. Only an
 * unknown publication can be settled, and the decision stands in the ledger under its author's name.
 */
export const resolvePublication = query({
  name: 'resolvePublication',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string(), id: id.nullable() }),
})<{ publicationId: string; live: boolean; url: string | null; platformPostId: string | null }>`
  with found as (
    select pp.id, pp.project_id, pp.account_id, pp.state, pp.generation, pp.project_id = any (app.projects_of('write')) as writable
    from post_publications pp where pp.id = ${'publicationId'}::uuid
  ), settled as (
    update post_publications pp
    set state = case when ${'live'}::boolean then 'published' else 'scheduled' end,
      platform_post_id = coalesce(${'platformPostId'}, pp.platform_post_id, ${'url'}),
      url = coalesce(${'url'}, pp.url),
      next_attempt_at = case when ${'live'}::boolean then null else app.now() end,
      prepared = case when ${'live'}::boolean then pp.prepared end,
      prepared_ready = false,
      failure_class = null, failure_code = null, failure_message = null,
      lease_token = null, lease_until = null
    from found f
    where pp.id = f.id and pp.project_id = f.project_id and f.writable and pp.state = 'unknown'
      and (pp.lease_until is null or pp.lease_until < app.now())
    returning pp.id, pp.project_id, pp.account_id, pp.generation
  ), ledger as (
    insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, finished_at, outcome, message)
    select s.project_id, s.id, s.account_id, 'resolve', s.generation, uuidv7(), app.now(),
      case when ${'live'}::boolean then 'published' else 'absent' end, 'settled by ' || app.user_id()::text
    from settled s
    returning id
  )
  select case
      when f.id is null then 'not_found'
      when not f.writable then 'forbidden'
      when not exists (select from settled) then 'wrong_state'
      else 'ok'
    end as outcome, f.id
  from (select 1) one left join found f on true`;

/** A failed publication goes again, now. */
export const retryPublication = query({
  name: 'retryPublication',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string(), id: id.nullable() }),
})<{ publicationId: string }>`
  with found as (
    select pp.id, pp.project_id, pp.project_id = any (app.projects_of('write')) as writable
    from post_publications pp where pp.id = ${'publicationId'}::uuid
  ), again as (
    update post_publications pp
    set state = 'scheduled', next_attempt_at = app.now(), failure_class = null, failure_code = null, failure_message = null
    from found f
    where pp.id = f.id and pp.project_id = f.project_id and f.writable and pp.state = 'failed'
    returning pp.id
  )
  select case
      when f.id is null then 'not_found'
      when not f.writable then 'forbidden'
      when not exists (select from again) then 'wrong_state'
      else 'ok'
    end as outcome, f.id
  from (select 1) one left join found f on true`;
