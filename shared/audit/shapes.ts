/** The log of changes as people read it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { givenInstant } from '../time/shapes.ts';

const values = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('By column. `{"hidden": "personal"}` is shown by POST /v1/audit/reveal, `{"hidden": "secret"}` never.');

export const operations = ['insert', 'update', 'delete', 'access'] as const;
export const actors = ['person', 'public', 'worker', 'operator'] as const;

export const AuditEntry = z
  .object({
    id,
    occurredAt: instant,
    actor: z.enum(actors).describe('public: before somebody was known. operator: at the database itself.'),
    userId: id.nullable().describe('Who did it, where it was a person.'),
    userName: z.string().nullable().describe('Null for nobody, and for who is gone.'),
    apiKeyId: id.nullable(),
    subjectId: id.nullable().describe('Whose personal values it holds.'),
    subjectName: z.string().nullable(),
    projectId: id.nullable(),
    requestId: z.string().nullable(),
    table: z.string().describe('The table; for an access what was read, such as `export.account`.'),
    rowId: z.string().nullable(),
    operation: z.enum(operations),
    old: values,
    new: values,
  })
  .meta({ id: 'AuditEntry' });

export const auditFilters = {
  projectId: id.optional(),
  userId: id.optional().describe('Who did it.'),
  actor: z.enum(actors).optional(),
  table: z.string().min(1).max(100).optional(),
  rowId: z.string().min(1).max(200).optional(),
  operation: z.enum(operations).optional(),
  requestId: z.string().min(1).max(200).optional(),
  from: givenInstant.optional().describe('From this instant on.'),
  to: givenInstant.optional().describe('Before this instant.'),
};

export const Revealed = z
  .object({
    id,
    personal: z
      .object({ old: z.record(z.string(), z.unknown()).optional(), new: z.record(z.string(), z.unknown()).optional() })
      .nullable()
      .describe('Null where there is nothing, or whose it was is gone.'),
    ip: z.string().nullable().describe('Of the request; for administrators alone.'),
  })
  .meta({ id: 'Revealed' });

export const findingKinds = ['row-changed', 'row-removed', 'seal-changed', 'seal-removed', 'chain-broken'] as const;

export const Verification = z
  .object({
    seals: z.int().describe('Looked at by this call.'),
    rows: z.int().describe('Under them.'),
    findings: z
      .array(z.object({ what: z.enum(findingKinds), row: id.nullable(), seal: z.int() }))
      .describe('Nothing where the log is as it was sealed.'),
    head: z.object({ seal: z.int(), hash: z.string() }).nullable().describe('The last seal that was looked at.'),
    nextAfterSeal: z.int().nullable().describe('`afterSeal` of the next call; null at the end of the chain.'),
  })
  .meta({ id: 'Verification' });
