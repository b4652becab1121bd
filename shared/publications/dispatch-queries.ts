/**
 * Who is due, and who claims it. Every claim raises the generation; a message that carries another one is stale. Nobody claims
 * what waits for a paused account: it stays scheduled until the tick after the account has resumed.
 */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** Seconds before the due instant from which a message may carry the publication (a tick may be late or missed). */
export const HORIZON_S = 180;

/** `prepare`: it has media that its platform may have to take in first. */
const claimed = z.object({ id, projectId: id, generation: z.number(), delayS: z.number(), prepare: z.boolean() });
export type Claimed = z.output<typeof claimed>;

/** A door's own claim: what of its post falls due within the horizon. */
export const claimPost = query({ name: 'claimPost', kind: 'actor', access: 'guarded', row: claimed })<{
  postId: string;
}>`
  select c.id, c.project_id, c.generation, c.prepare, c.delay_s from app.claim(array(
    select pp.id from post_publications pp
    where pp.post_id = ${'postId'}::uuid and pp.project_id = any (app.projects_of('write')) and pp.state = 'scheduled'
      and coalesce(pp.next_attempt_at, pp.due_at) <= app.now() + interval '180 seconds'
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
    for update of pp skip locked
  )) c`;

/** The same for one publication that its user has just set free. */
export const claimOwn = query({ name: 'claimOwn', kind: 'actor', access: 'guarded', row: claimed })<{
  publicationId: string;
}>`
  select c.id, c.project_id, c.generation, c.prepare, c.delay_s from app.claim(array(
    select pp.id from post_publications pp
    where pp.id = ${'publicationId'}::uuid and pp.project_id = any (app.projects_of('write')) and pp.state = 'scheduled'
      and coalesce(pp.next_attempt_at, pp.due_at) <= app.now() + interval '180 seconds'
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
    for update of pp skip locked
  )) c`;

/** The tick's claim: the next `limit` of all that falls due within the horizon, oldest first. */
export const claimDue = query({ name: 'claimDue', kind: 'worker', access: 'guarded', row: claimed })<{ limit: number }>`
  select c.id, c.project_id, c.generation, c.prepare, c.delay_s from app.claim(array(
    select pp.id from post_publications pp
    where pp.state = 'scheduled' and coalesce(pp.next_attempt_at, pp.due_at) <= app.now() + interval '180 seconds'
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
    order by coalesce(pp.next_attempt_at, pp.due_at)
    limit ${'limit'}::integer
    for update of pp skip locked
  )) c`;

/** A worker's claim of what it has just set back for a retry. */
export const claimAgain = query({ name: 'claimAgain', kind: 'worker', access: 'guarded', row: claimed })<{
  ids: string[];
}>`
  select c.id, c.project_id, c.generation, c.prepare, c.delay_s from app.claim(array(
    select pp.id from post_publications pp
    where pp.id = any (${'ids'}::uuid[]) and pp.state = 'scheduled'
      and coalesce(pp.next_attempt_at, pp.due_at) <= app.now() + interval '180 seconds'
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
    for update of pp skip locked
  )) c`;

const target = z.object({ id, projectId: id });

/** What falls due within 15 minutes and must be prepared at its platform first. The lease is the message's. */
export const claimPreparations = query({ name: 'claimPreparations', kind: 'worker', access: 'guarded', row: target })<{
  platforms: string[];
  limit: number;
}>`
  with wanted as (
    select pp.id from post_publications pp
    where pp.state = 'scheduled' and coalesce(pp.next_attempt_at, pp.due_at) <= app.now() + interval '15 minutes'
      and pp.platform = any (${'platforms'}::text[]) and not pp.prepared_ready
      and (pp.prepare_lease_until is null or pp.prepare_lease_until < app.now())
      and exists (select from post_media pm where pm.project_id = pp.project_id and pm.post_id = pp.post_id)
      and not exists (select from social_accounts a where a.id = pp.account_id and a.paused_at is not null)
    order by coalesce(pp.next_attempt_at, pp.due_at)
    limit ${'limit'}::integer
    for update skip locked
  )
  update post_publications pp set prepare_lease_until = app.now() + interval '90 seconds'
  from wanted where pp.id = wanted.id
  returning pp.id, pp.project_id`;

const recovered = z.object({ id, projectId: id, state: z.string(), found: z.string() });

/**
 * The sweep over leases and deadlines. A dead worker's publication whose commit had not started is due again; one whose
 * commit had started is `unknown` until somebody has looked; a queued one whose message is lost is claimed anew.
 */
export const recoverPublications = query({
  name: 'recoverPublications',
  kind: 'worker',
  access: 'guarded',
  row: recovered,
})<{ limit: number }>`
  with dead as (
    select pp.id, 'dead-worker' as found from post_publications pp
    where pp.state = 'publishing' and pp.lease_until < app.now()
    order by pp.lease_until limit ${'limit'}::integer for update skip locked
  ), lost as (
    select pp.id, 'lost-message' as found from post_publications pp
    where pp.state = 'queued' and pp.queued_at < app.now() - interval '30 seconds'
      and coalesce(pp.next_attempt_at, pp.due_at) < app.now() - interval '30 seconds'
    order by pp.queued_at limit ${'limit'}::integer for update skip locked
  ), ledger as (
    update publication_attempts a set finished_at = app.now(), outcome = 'lost'
    from dead join post_publications pp on pp.id = dead.id
    where a.project_id = pp.project_id and a.publication_id = pp.id and a.lease_token = pp.lease_token and a.outcome is null
      and a.started_at between app.now() - interval '32 days' and app.now()
    returning a.id
  )
  update post_publications pp
  set state = case when pp.state = 'queued' or pp.commit_started_at is null or pp.refused_at > pp.commit_started_at then 'scheduled' else 'unknown' end,
    next_attempt_at = app.now(), lease_token = null, lease_until = null
  from (select * from dead union all select * from lost) r
  where pp.id = r.id
  returning pp.id, pp.project_id, pp.state, r.found`;

/** Looks that are overdue: no message carries them, or the worker that did has died. */
export const claimLooks = query({ name: 'claimLooks', kind: 'worker', access: 'guarded', row: target })<{
  limit: number;
}>`
  with wanted as (
    select pp.id from post_publications pp
    where pp.state in ('processing', 'unknown') and pp.next_attempt_at <= app.now() - interval '15 seconds'
      and (pp.lease_until is null or pp.lease_until < app.now())
    order by pp.next_attempt_at
    limit ${'limit'}::integer
    for update skip locked
  )
  update post_publications pp set next_attempt_at = app.now(), lease_token = null, lease_until = null
  from wanted where pp.id = wanted.id
  returning pp.id, pp.project_id`;
