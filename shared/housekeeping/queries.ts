import { z } from 'zod';
import { id, json } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** Mails that no door has sent: leased for a minute, so that two sweeps do not send one twice. */
export const claimMails = query({
  name: 'claimMails',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, payload: json }),
})<{ limit: number }>`
  with waiting as (
    select e.id from outbox_events e
    where e.dispatched_at is null and e.kind = 'mail' and (e.lease_until is null or e.lease_until < app.now()) and e.attempts < 20
    order by e.created_at limit ${'limit'}::integer for update skip locked
  )
  update outbox_events e set lease_until = app.now() + interval '60 seconds' * (e.attempts + 1), attempts = e.attempts + 1
  from waiting w where e.id = w.id
  returning e.id, e.payload`;

export const settleMails = query({ name: 'settleMails', kind: 'worker', access: 'guarded', row: z.object({ id }) })<{
  sent: string[];
}>`
  update outbox_events e set dispatched_at = app.now(), payload = '{}', lease_until = null
  where e.id = any (${'sent'}::uuid[]) and e.dispatched_at is null
  returning e.id`;

/** Objects whose rows are gone, leased for five minutes. */
export const claimObjects = query({
  name: 'claimObjects',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, keys: z.array(z.string()) }),
})<{ limit: number }>`
  with waiting as (
    select e.id from outbox_events e
    where e.dispatched_at is null and e.kind = 'objects.deleted' and (e.lease_until is null or e.lease_until < app.now())
    order by e.created_at limit ${'limit'}::integer for update skip locked
  )
  update outbox_events e set lease_until = app.now() + interval '5 minutes', attempts = e.attempts + 1
  from waiting w where e.id = w.id
  returning e.id, e.payload -> 'keys' as keys`;

export const settleObjects = query({
  name: 'settleObjects',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{
  events: string[];
}>`
  update outbox_events e set dispatched_at = app.now(), lease_until = null
  where e.id = any (${'events'}::uuid[]) and e.dispatched_at is null
  returning e.id`;

/** Writes the mails about posts that failed. */
export const alertFailures = query({
  name: 'alertFailures',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.string(), events: z.number(), mails: z.number() }),
})<{ limit: number }>`
  select outcome, events, mails from app.alert_failures(${'limit'}::integer)`;

/** What has expired goes, at most `limit` rows of each kind a tick. Events whose consumers are not here yet are kept 7 days. */
export const purgeExpired = query({
  name: 'purgeExpired',
  kind: 'worker',
  access: 'guarded',
  row: z.object({
    keys: z.number(),
    tokens: z.number(),
    resets: z.number(),
    attempts: z.number(),
    states: z.number(),
    sessions: z.number(),
    counters: z.number(),
    notifications: z.number(),
    connections: z.number(),
    deliveries: z.number(),
    tickets: z.number(),
    providerSignIns: z.number(),
    events: z.number(),
  }),
})<{ limit: number }>`
  with keys as (
    delete from idempotency_keys k where (k.caller, k.route, k.key) in (
      select i.caller, i.route, i.key from idempotency_keys i where i.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), tokens as (
    delete from email_verification_tokens t where t.id in (
      select e.id from email_verification_tokens e where e.expires_at < app.now() - interval '7 days' limit ${'limit'}::integer)
    returning 1
  ), resets as (
    delete from password_reset_tokens t where t.id in (
      select r.id from password_reset_tokens r where r.expires_at < app.now() - interval '7 days' limit ${'limit'}::integer)
    returning 1
  ), attempts as (
    delete from auth_attempts a where (a.subject, a.source) in (
      select f.subject, f.source from auth_attempts f where f.last_at < app.now() - interval '1 day' limit ${'limit'}::integer)
    returning 1
  ), states as (
    delete from oauth_states s where s.id in (
      select o.id from oauth_states o where o.expires_at < app.now() - interval '1 day' limit ${'limit'}::integer)
    returning 1
  ), sessions as (
    delete from user_sessions s where s.id in (
      select u.id from user_sessions u where u.expires_at < app.now() - interval '30 days' limit ${'limit'}::integer)
    returning 1
  ), counters as (
    delete from rate_counters c where (c.caller, c.class, c.window_start) in (
      select r.caller, r.class, r.window_start from rate_counters r where r.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), notifications as (
    delete from notifications n where n.id in (
      select o.id from notifications o where o.created_at < app.now() - interval '180 days' limit ${'limit'}::integer)
    returning 1
  ), connections as (
    delete from realtime_connections c where c.connection_id in (
      select r.connection_id from realtime_connections r where r.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), deliveries as (
    delete from webhook_deliveries d where d.id in (
      select w.id from webhook_deliveries w where w.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), tickets as (
    delete from sign_in_tickets t where t.id in (
      select s.id from sign_in_tickets s where s.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), gone_sign_ins as (
    delete from provider_sign_ins t where t.id in (
      select s.id from provider_sign_ins s where s.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  ), events as (
    delete from outbox_events e where e.id in (
      select o.id from outbox_events o
      where o.dispatched_at < app.now() - interval '7 days'
        or (o.dispatched_at is null and o.kind like 'publication.%' and o.created_at < app.now() - interval '7 days')
      limit ${'limit'}::integer)
    returning 1
  )
  select (select count(*) from keys)::integer as keys, (select count(*) from tokens)::integer as tokens,
    (select count(*) from resets)::integer as resets, (select count(*) from attempts)::integer as attempts,
    (select count(*) from states)::integer as states,
    (select count(*) from sessions)::integer as sessions, (select count(*) from counters)::integer as counters,
    (select count(*) from notifications)::integer as notifications, (select count(*) from connections)::integer as connections,
    (select count(*) from deliveries)::integer as deliveries, (select count(*) from tickets)::integer as tickets,
    (select count(*) from gone_sign_ins)::integer as provider_sign_ins,
    (select count(*) from events)::integer as events`;

/** Months ahead of now, and months of rows that came without one. */
export const ensurePartitions = query({
  name: 'ensurePartitions',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ tableName: z.string(), partitionName: z.string() }),
})<{ monthsAhead: number }>`
  select table_name, partition_name from app.ensure_partitions(${'monthsAhead'}::integer)`;

/** Rows whose time is over, by table; a full batch means that there are more. */
export const purgeKept = query({
  name: 'purgeKept',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ what: z.string(), rows: z.number() }),
})<{ batch: number }>`select what, rows from app.purge_kept(${'batch'}::integer) where rows > 0`;

/** Keeps what PostgreSQL tells of itself; answers with the worst of it. */
export const recordMeasures = query({
  name: 'recordMeasures',
  kind: 'worker',
  access: 'write',
  row: z.object({
    measures: z.number(),
    deadPercent: z.number(),
    deadTable: z.string().nullable(),
    slowestMs: z.number().nullable(),
    oldestTransactionS: z.number(),
    transactionIdsPercent: z.number(),
  }),
})<Record<never, never>>`
  with measured as (
    insert into system_metrics (name, value, tags) select m.name, m.value, m.tags from app.measure() m
    returning name, value, tags
  ), dead as (
    select m.value, m.tags ->> 'table' as table_name from measured m where m.name = 'table.dead_percent' order by m.value desc limit 1
  )
  select (select count(*) from measured)::integer as measures,
    coalesce((select d.value from dead d), 0)::float as dead_percent, (select d.table_name from dead d) as dead_table,
    (select max(m.value) from measured m where m.name = 'statement.mean_ms')::float as slowest_ms,
    (select max(m.value) from measured m where m.name = 'transaction.oldest_s')::float as oldest_transaction_s,
    (select max(m.value) from measured m where m.name = 'transaction.ids_used_percent')::float as transaction_ids_percent`;
