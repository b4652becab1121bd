/** What is asked of the log of changes. It is written by triggers alone. */
import { z } from 'zod';
import { count } from '../db/columns.ts';
import { query } from '../db/statement.ts';

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
