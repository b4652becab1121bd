/** What is asked of the log of changes. It is written by triggers alone. */
import { z } from 'zod';
import { count, id } from '../db/columns.ts';
import { fragment, query } from '../db/statement.ts';
import { AuditEntry, entryFindings, Revealed } from './shapes.ts';

/** One more link of the chain over at most 500 rows; no row where nothing is left to seal. A second run seals what is left. */
export const sealAudit = query({
  name: 'sealAudit',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ sequence: count, rowCount: z.number(), hash: z.string() }),
})<{ limit: number }>`
  select sequence::text, row_count, hash from app.seal_audit(${'limit'}::integer)`;

/** Somebody at a terminal looks into the archive: which object, not what is in it. */
export const noteArchiveRead = query({
  name: 'noteArchiveRead',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ object: string }>`
  select 'ok' as outcome from app.audit_access('archive.object', null, jsonb_build_object('object', left(${'object'}, 1000))) noted`;

interface Wanted extends Record<string, string | number | null> {
  projectId: string | null;
  userId: string | null;
  actor: string | null;
  table: string | null;
  rowId: string | null;
  operation: string | null;
  requestId: string | null;
  from: string | null;
  to: string | null;
  before: string | null;
  limit: number;
}

const wanted = fragment<Wanted>()`(${'before'}::uuid is null or a.id < ${'before'}::uuid)
        and (${'projectId'}::uuid is null or a.project_id = ${'projectId'}::uuid)
        and (${'userId'}::uuid is null or a.user_id = ${'userId'}::uuid)
        and (${'actor'}::text is null or a.actor = ${'actor'})
        and (${'table'}::text is null or a.table_name = ${'table'})
        and (${'rowId'}::text is null or a.row_id = ${'rowId'})
        and (${'operation'}::text is null or a.operation = ${'operation'})
        and (${'requestId'}::text is null or a.request_id = ${'requestId'})
        and (${'from'}::timestamptz is null or a.occurred_at >= ${'from'}::timestamptz)
        and (${'to'}::timestamptz is null or a.occurred_at < ${'to'}::timestamptz)`;

/** Administrators see all, owners of projects what is about these. Newest first; ids grow with time. */
export const listAudit = query({ name: 'listAudit', kind: 'actor', access: 'read', row: AuditEntry })<Wanted>`
  with page as materialized (
    select e.* from (
      select a.* from unnest(case when (select app.is_staff('admin')) then '{}'::uuid[] else app.projects_of('manage') end) mine (id)
      cross join lateral (
        select a.id, a.occurred_at, a.actor, a.user_id, a.api_key_id, a.subject_id, a.project_id, a.request_id, a.table_name, a.row_id,
          a.operation, a.old_values, a.new_values
        from audit_log a where a.project_id = mine.id and ${wanted}
        order by a.id desc limit ${'limit'}::integer + 1) a
      union all
      (select a.id, a.occurred_at, a.actor, a.user_id, a.api_key_id, a.subject_id, a.project_id, a.request_id, a.table_name, a.row_id,
        a.operation, a.old_values, a.new_values
      from audit_log a where (select app.is_staff('admin')) and ${wanted}
      order by a.id desc limit ${'limit'}::integer + 1)) e
    order by e.id desc limit ${'limit'}::integer + 1
  ), names as materialized (
    select n.user_id, n.display_name from app.audit_names(array(select p.id from page p)) n
  )
  select p.id, p.occurred_at, p.actor, p.user_id, (select n.display_name from names n where n.user_id = p.user_id) as user_name,
    p.api_key_id, p.subject_id, (select n.display_name from names n where n.user_id = p.subject_id) as subject_name, p.project_id,
    p.request_id, p.table_name as table, p.row_id, p.operation, p.old_values as old, p.new_values as new
  from page p order by p.id desc`;

/** Ids that one may not see are left out. Each is noted in the log. */
export const revealAudit = query({ name: 'revealAudit', kind: 'actor', access: 'write', row: Revealed })<{
  ids: string[];
}>`
  select r.id, r.personal, r.ip from app.audit_reveal(${'ids'}::uuid[]) r`;

/** Somebody takes a part of the log away. */
export const noteAuditExport = query({
  name: 'noteAuditExport',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ projectId: string | null; rows: number }>`
  select 'ok' as outcome
  from app.audit_access('export.audit_log', ${'projectId'}::uuid, jsonb_build_object('rows', ${'rows'}::integer)) noted`;

/** What the hash of a seal `s` is computed from; `npm run db -- verify-audit` computes it alike. */
export const sealHash = fragment()`sha256(convert_to(jsonb_build_array(s.sequence, s.month, extract(epoch from s.sealed_at), s.row_ids,
  (select jsonb_agg(encode(h.value, 'hex') order by h.place) from unnest(s.row_hashes) with ordinality h (value, place)),
  encode(s.previous_hash, 'hex'))::text, 'UTF8'))`;

/** Seals from the one before `after` on, so that the first new one is compared with it. No row for whoever is no administrator. */
export const listSeals = query({
  name: 'listSeals',
  kind: 'actor',
  access: 'read',
  row: z.object({ sequence: count, rows: z.number(), previous: z.string(), hash: z.string(), intact: z.boolean() }),
})<{ after: number; limit: number }>`
  select s.sequence::text as sequence, s.row_count as rows, encode(s.previous_hash, 'hex') as previous, encode(s.hash, 'hex') as hash,
    s.hash = ${sealHash} and s.row_count = cardinality(s.row_ids) as intact
  from audit_seals s where s.sequence >= ${'after'}::bigint order by s.sequence limit ${'limit'}::integer + 1`;

export const listAltered = query({
  name: 'listAltered',
  kind: 'actor',
  access: 'read',
  row: z.object({ sequence: count, rowId: id, gone: z.boolean() }),
})<{ first: number; last: number }>`
  select a.sequence::text as sequence, a.row_id, a.gone from app.audit_altered(${'first'}::bigint, ${'last'}::bigint) a`;

export const isAdministrator = query({
  name: 'isAdministrator',
  kind: 'actor',
  access: 'read',
  row: z.object({ yes: z.boolean() }),
})<Record<never, never>>`
  select app.is_staff('admin') as yes`;

/** A project's entries with what their seals say of them. */
export const listProjectSealing = query({
  name: 'listProjectSealing',
  kind: 'actor',
  access: 'read',
  row: z.object({
    outcome: z.string(),
    entries: z.array(
      z.object({
        entry: id,
        seal: z.int().nullable(),
        waits: z.boolean(),
        finding: z.enum(entryFindings).nullable(),
        hash: z.string(),
      }),
    ),
  }),
})<{ projectId: string; after: string | null; until: string | null; limit: number }>`
  select case when ${'projectId'}::uuid = any ((select app.projects_of('manage'))::uuid[]) then 'ok'
      when ${'projectId'}::uuid = any ((select app.projects_of('read'))::uuid[]) then 'forbidden' else 'not_found' end as outcome,
    coalesce((
      select jsonb_agg(jsonb_build_object('entry', v.entry, 'seal', v.seal, 'waits', v.waits, 'finding', v.finding, 'hash', v.hash)
        order by v.entry, v.seal)
      from app.verify_project_audit(${'projectId'}::uuid, ${'after'}::uuid, ${'until'}::uuid, ${'limit'}::integer) v
    ), '[]'::jsonb) as entries`;
