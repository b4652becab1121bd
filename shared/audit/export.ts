/** Parts of the log to take away. Each says where the next one begins, so that a million rows need no worker. */
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { id } from '../db/columns.ts';
import { listAudit, noteAuditExport } from './queries.ts';
import { type AuditEntry, auditFilters } from './shapes.ts';

const ROWS_PER_CALL = 250; // the Data API answers with at most a megabyte
const CALLS_PER_PART = 8;

export const exportQuery = z.strictObject({
  ...auditFilters,
  after: id.optional().describe('The last id of the previous part; `Link` with rel="next" contains it.'),
});
type Wanted = z.output<typeof exportQuery>;
type Entry = z.output<typeof AuditEntry>;

export interface Part {
  readonly entries: readonly Entry[];
  readonly headers: Readonly<Record<string, string>>;
}

/** At most 2,000 rows, newest first. The taking away is noted in the log before anything leaves. */
export async function readPart(db: Db, wanted: Wanted, path: string): Promise<Part> {
  const entries: Entry[] = [];
  let before = wanted.after ?? null;
  let more = true;
  for (let calls = 0; more && calls < CALLS_PER_PART; calls += 1) {
    const rows = await db.many(listAudit, { ...filtersOf(wanted), before, limit: ROWS_PER_CALL });
    more = rows.length > ROWS_PER_CALL;
    entries.push(...rows.slice(0, ROWS_PER_CALL));
    before = entries.at(-1)?.id ?? null;
  }
  await db.one(noteAuditExport, { projectId: wanted.projectId ?? null, rows: entries.length });
  const next = more && before !== null ? { link: `<${nextUrl(wanted, path, before)}>; rel="next"` } : {};
  return { entries, headers: next };
}

function nextUrl(wanted: Wanted, path: string, after: string): string {
  const url = new URL(path, config('http').PUBLIC_BASE_URL);
  for (const [name, value] of Object.entries({ ...wanted, after }))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

export function filtersOf(wanted: Omit<Wanted, 'after'>) {
  const { projectId, userId, actor, table, rowId, operation, requestId, from, to } = wanted;
  return {
    projectId: projectId ?? null,
    userId: userId ?? null,
    actor: actor ?? null,
    table: table ?? null,
    rowId: rowId ?? null,
    operation: operation ?? null,
    requestId: requestId ?? null,
    from: from ?? null,
    to: to ?? null,
  };
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function toCsv(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => ({ ...entry, old: JSON.stringify(entry.old), new: JSON.stringify(entry.new) }));
  const columns = ['id', 'occurredAt', 'actor', 'userId', 'userName', 'apiKeyId', 'projectId', 'requestId', 'table'];
  return stringify(rows, {
    header: true,
    columns: [...columns, 'rowId', 'operation', 'subjectId', 'subjectName', 'old', 'new'],
    escape_formulas: true,
    bom: true,
  });
}

export function toLines(entries: readonly Entry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}
