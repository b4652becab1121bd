/** The export worker's statements, and those of the schedule that looks after it. Who has lost the lease changes nothing. */
import { z } from 'zod';
import { count, id, json } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Cursor } from './shapes.ts';

export const claimExport = query({
  name: 'claimExport',
  kind: 'worker',
  access: 'guarded',
  row: z.object({
    outcome: z.enum(['ok', 'gone']),
    cursor: Cursor.nullable(),
    parts: z.array(z.object({ number: z.number(), bytes: z.number() })).nullable(),
    stepsDone: z.number().nullable(),
  }),
})<{ exportId: string; leaseToken: string; leaseS: number }>`
  with claimed as (
    update account_exports e
    set state = 'running', started_at = coalesce(e.started_at, app.now()), attempts = e.attempts + 1,
      lease_token = ${'leaseToken'}::uuid, lease_until = app.now() + make_interval(secs => ${'leaseS'}::double precision)
    where e.id = ${'exportId'}::uuid and e.state in ('waiting', 'running') and (e.lease_until is null or e.lease_until < app.now())
    returning e.cursor, e.parts, e.steps_done
  )
  select case when c.cursor is not null then 'ok' else 'gone' end as outcome, c.cursor, c.parts, c.steps_done
  from (select 1) one left join claimed c on true`;

/** What there is to write: tables in the order of their names, and how many media. */
export const planExport = query({
  name: 'planExport',
  kind: 'worker',
  access: 'read',
  row: z.object({
    tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), withheld: z.array(z.string()) })),
    leftOut: z.record(z.string(), z.string()),
    media: z.number(),
  }),
})<{ exportId: string; leaseToken: string }>`
  select
    coalesce((select jsonb_agg(jsonb_build_object('name', t.name, 'columns', t.columns, 'withheld', t.withheld) order by t.name)
      from export_tables t where t.left_out_because is null), '[]'::jsonb) as tables,
    coalesce((select jsonb_object_agg(t.name, t.left_out_because) from export_tables t where t.left_out_because is not null),
      '{}'::jsonb) as left_out,
    app.export_file_count(${'exportId'}::uuid, ${'leaseToken'}::uuid) as media`;

export const readExportPage = query({
  name: 'readExportPage',
  kind: 'worker',
  access: 'read',
  row: z.object({ line: z.string(), atKey: json }),
})<{ exportId: string; leaseToken: string; table: string; ofProjects: boolean; after: Json | null; limit: number }>`
  select line, at_key from app.export_page(${'exportId'}::uuid, ${'leaseToken'}::uuid, ${'table'}, ${'ofProjects'}::boolean,
    ${'after'}::jsonb, ${'limit'}::integer)`;

export const readExportFiles = query({
  name: 'readExportFiles',
  kind: 'worker',
  access: 'read',
  row: z.object({
    mediaId: id,
    projectId: id,
    fileName: z.string(),
    renditions: z.array(z.object({ name: z.string(), key: z.string(), bytes: z.number() })),
  }),
})<{ exportId: string; leaseToken: string; after: string | null; limit: number }>`
  select media_id, project_id, file_name, renditions
  from app.export_files(${'exportId'}::uuid, ${'leaseToken'}::uuid, ${'after'}::uuid, ${'limit'}::integer)`;

export const findExportAvatar = query({
  name: 'findExportAvatar',
  kind: 'worker',
  access: 'read',
  row: z.object({ avatarId: id }),
})<{ exportId: string }>`
  select a.id as avatar_id from account_exports e join user_avatars a on a.user_id = e.user_id and a.status = 'ready'
  where e.id = ${'exportId'}::uuid order by a.id desc limit 1`;

const held = z.object({ outcome: z.enum(['ok', 'gone']) });

/** Says how far it is, and keeps the lease. `gone`: deleted, or somebody else's. */
export const keepExport = query({ name: 'keepExport', kind: 'worker', access: 'guarded', row: held })<{
  exportId: string;
  leaseToken: string;
  leaseS: number;
  stepsDone: number;
  stepsTotal: number;
  bytes: number;
}>`
  with kept as (
    update account_exports e
    set lease_until = app.now() + make_interval(secs => ${'leaseS'}::double precision), steps_done = ${'stepsDone'}::integer,
      steps_total = ${'stepsTotal'}::integer, bytes = ${'bytes'}::bigint
    where e.id = ${'exportId'}::uuid and e.state = 'running' and e.lease_token = ${'leaseToken'}::uuid
    returning 1
  )
  select case when exists (select from kept) then 'ok' else 'gone' end as outcome`;

/** A part is complete: from here nobody goes back before it. With `done` the export is ready, and its person is told. */
export const noteExportPart = query({ name: 'noteExportPart', kind: 'worker', access: 'guarded', row: held })<{
  exportId: string;
  leaseToken: string;
  cursor: Json;
  part: Json;
  stepsDone: number;
  stepsTotal: number;
  bytes: number;
  done: boolean;
}>`
  with noted as (
    update account_exports e
    set cursor = ${'cursor'}::jsonb, parts = e.parts || ${'part'}::jsonb, steps_done = ${'stepsDone'}::integer,
      steps_total = ${'stepsTotal'}::integer, bytes = ${'bytes'}::bigint, attempts = 0, lease_token = null, lease_until = null,
      state = case when ${'done'}::boolean then 'ready' else 'running' end,
      completed_at = case when ${'done'}::boolean then app.now() end,
      expires_at = case when ${'done'}::boolean then app.now() + interval '7 days' end
    where e.id = ${'exportId'}::uuid and e.state = 'running' and e.lease_token = ${'leaseToken'}::uuid
    returning e.user_id, e.state, e.expires_at
  ), mail as (
    insert into outbox_events (kind, user_id, payload)
    select 'mail', u.id, jsonb_build_object('template', 'export-ready', 'to', u.email, 'name', u.display_name, 'expiresAt', n.expires_at)
    from noted n join users u on u.id = n.user_id and u.deleted_at is null left join user_preferences w on w.user_id = u.id
    where n.state = 'ready' and coalesce(w.email_notifications, true)
    returning 1
  )
  select case when exists (select from noted) then 'ok' else 'gone' end as outcome`;

/** Exports that nobody works on: never begun, or their worker died. Who died too often has failed. */
export const findLostExports = query({
  name: 'findLostExports',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ limit: number }>`
  with lost as (
    select e.id, e.attempts from account_exports e
    where e.state in ('waiting', 'running') and e.created_at < app.now() - interval '1 minute'
      and (e.lease_until is null or e.lease_until < app.now())
    order by e.created_at limit ${'limit'}::integer for update skip locked
  ), failed as (
    update account_exports e
    set state = 'failed', completed_at = app.now(), expires_at = app.now() + interval '7 days', lease_token = null, lease_until = null,
      failure_reason = 'It could not be finished. Ask for it once more.'
    from lost l where e.id = l.id and l.attempts >= 5
    returning e.id
  )
  select l.id from lost l where l.id not in (select f.id from failed f)`;

export const purgeExports = query({
  name: 'purgeExports',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ exports: count }),
})<{ limit: number }>`
  with gone as (
    delete from account_exports e where e.id in (
      select o.id from account_exports o where o.expires_at < app.now() order by o.expires_at limit ${'limit'}::integer)
    returning 1
  )
  select count(*)::text as exports from gone`;
