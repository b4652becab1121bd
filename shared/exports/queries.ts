/** Exports as their person asks for them. */
import { z } from 'zod';
import { count } from '../db/columns.ts';
import { fragment, query } from '../db/statement.ts';
import { AccountExport } from './shapes.ts';

const row = AccountExport.extend({ bytes: count });
const columns = fragment()`
  e.id, e.state, case e.state when 'ready' then 100 else least(99, 100 * e.steps_done / greatest(e.steps_total, 1)) end as percent,
  e.bytes::text as bytes, e.parts, e.created_at, e.completed_at, e.expires_at, e.failure_reason`;

/** One at a time. Written into the log of changes: everything about a person leaves in one piece. */
export const beginExport = query({
  name: 'beginExport',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), ...row.shape }),
})<Record<never, never>>`
  select b.outcome, b.id, 'waiting' as state, 0 as percent, '0' as bytes, '[]'::jsonb as parts, app.now() as created_at,
    null::timestamptz as completed_at, null::timestamptz as expires_at, null::text as failure_reason
  from app.begin_export() b`;

export const findExport = query({ name: 'findExport', kind: 'actor', access: 'read', row })<{ exportId: string }>`
  select ${columns} from account_exports e where e.id = ${'exportId'}::uuid and e.user_id = (select app.user_id())`;

export const listExports = query({ name: 'listExports', kind: 'actor', access: 'read', row })<{
  before: string | null;
  limit: number;
}>`
  select ${columns} from account_exports e
  where e.user_id = (select app.user_id()) and (${'before'}::uuid is null or e.id < ${'before'}::uuid)
  order by e.id desc limit ${'limit'}::integer + 1`;

export const findExportPart = query({
  name: 'findExportPart',
  kind: 'actor',
  access: 'read',
  row: z.object({ outcome: z.enum(['ok', 'wrong_state']), bytes: z.number().nullable() }),
})<{ exportId: string; number: number }>`
  select case when e.state = 'ready' then 'ok' else 'wrong_state' end as outcome, (p.part ->> 'bytes')::float as bytes
  from account_exports e
  left join lateral jsonb_array_elements(e.parts) p (part) on (p.part ->> 'number')::integer = ${'number'}::integer
  where e.id = ${'exportId'}::uuid and e.user_id = (select app.user_id()) and (e.state <> 'ready' or p.part is not null)`;

/** One that runs ends with it. Its objects go with the sweep. */
export const deleteExport = query({
  name: 'deleteExport',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ exportId: string }>`
  with gone as (
    delete from account_exports e where e.id = ${'exportId'}::uuid and e.user_id = (select app.user_id()) returning id
  )
  select case when exists (select from gone) then 'ok' else 'not_found' end as outcome`;
