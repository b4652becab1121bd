/** Everything that one owns, packed to take along. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

export const AccountExport = z
  .object({
    id,
    state: z.enum(['waiting', 'running', 'ready', 'failed']),
    percent: z.int().min(0).max(100),
    bytes: z.int().describe('Bytes written so far.'),
    parts: z
      .array(z.object({ number: z.int(), bytes: z.int() }))
      .describe('ZIP files. Most exports are one; a large one is several of about two gigabytes.'),
    createdAt: instant,
    completedAt: instant.nullable(),
    expiresAt: instant.nullable().describe('It is deleted seven days after it was ready.'),
    failureReason: z.string().nullable(),
  })
  .meta({ id: 'AccountExport' });

export const ExportDownload = z
  .object({
    url: z.string().describe('Valid for five minutes.'),
    expiresInS: z.int(),
    bytes: z.int(),
    fileName: z.string(),
  })
  .meta({ id: 'ExportDownload' });

export function exportKey(exportId: string, number: number): string {
  return `exports/${exportId}/${number}.zip`;
}

/** Where the next part of an export begins. */
export const Cursor = z.object({
  step: z.enum(['tables', 'files', 'done']).default('tables'),
  /** The table that is under way, or null at the beginning. */
  table: z.string().nullable().default(null),
  /** Of the file that is under way: a table for spreadsheets is written once more as CSV. */
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
  ofProjects: z.boolean().default(false),
  /** Key of the last row that was written. */
  after: z.unknown().default(null),
  /** The last medium that was written. */
  media: z.string().nullable().default(null),
});
export type Cursor = z.output<typeof Cursor>;

export const ExportMessage = z.object({ exportId: z.uuid() });
