import { z } from 'zod';
import { id, json } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/**
 * Mails that no door has sent: leased for a minute, so that two sweeps do not send one twice. Those about pauses leave last:
 * one quota can bring a mail to everybody.
 */
export const claimMails = query({
  name: 'claimMails',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, payload: json }),
})<{ limit: number }>`
  with waiting as (
    select e.id from outbox_events e
    where e.dispatched_at is null and e.kind = 'mail' and (e.lease_until is null or e.lease_until < app.now()) and e.attempts < 20
    order by e.payload ->> 'template' in ('accounts-paused', 'accounts-resumed'), e.created_at limit ${'limit'}::integer for update skip locked
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

/** What is of no use once it has expired (`app.retention` says how long it is kept), at most `limit` rows of each kind a tick. */
export const purgeExpired = query({
  name: 'purgeExpired',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ what: z.string(), rows: z.number() }),
})<{ limit: number }>`select what, rows from app.purge_expired(${'limit'}::integer) where rows > 0`;

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
