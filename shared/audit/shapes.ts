/** The log of changes as people read it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { givenInstant } from '../time/shapes.ts';

const values = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe(
    'By column. `{"hidden": "personal"}` can be revealed with POST /v1/audit/reveal, `{"hidden": "secret"}` never.',
  );

export const operations = ['insert', 'update', 'delete', 'access'] as const;
export const actors = ['person', 'public', 'worker', 'operator'] as const;

export const AuditEntry = z
  .object({
    id,
    occurredAt: instant,
    actor: z.enum(actors).describe('public: before anybody was signed in. operator: directly at the database.'),
    userId: id.nullable().describe('Who did it, if it was a user.'),
    userName: z.string().nullable().describe('Null if there was no user, or the user no longer exists.'),
    apiKeyId: id.nullable(),
    subjectId: id.nullable().describe('The user whose personal values it contains.'),
    subjectName: z.string().nullable(),
    projectId: id.nullable(),
    requestId: z.string().nullable(),
    table: z.string().describe('The table, or for an access what was read, such as `export.account`.'),
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
  from: givenInstant.optional().describe('Only from this instant on.'),
  to: givenInstant.optional().describe('Only before this instant.'),
};

export const Revealed = z
  .object({
    id,
    personal: z
      .object({ old: z.record(z.string(), z.unknown()).optional(), new: z.record(z.string(), z.unknown()).optional() })
      .nullable()
      .describe('Null if there is nothing, or the user it was about no longer exists.'),
    ip: z.string().nullable().describe('IP address of the request; for administrators only.'),
  })
  .meta({ id: 'Revealed' });

const findingKinds = ['row-changed', 'row-removed', 'seal-changed', 'seal-removed', 'chain-broken'] as const;

export const Verification = z
  .object({
    seals: z.int().describe('Checked by this call.'),
    rows: z.int().describe('Rows covered by these seals.'),
    findings: z
      .array(z.object({ what: z.enum(findingKinds), row: id.nullable(), seal: z.int() }))
      .describe('Empty if the log matches its seals.'),
    head: z.object({ seal: z.int(), hash: z.string() }).nullable().describe('The last seal checked.'),
    nextAfterSeal: z.int().nullable().describe('`afterSeal` for the next call; null at the end of the chain.'),
  })
  .meta({ id: 'Verification' });

export const entryFindings = ['row-changed', 'row-unsealed', 'seal-changed', 'chain-broken'] as const;

export const ProjectVerification = z
  .object({
    entries: z.int().describe('Checked by this call.'),
    waiting: z.int().describe('Of these, too new to be sealed.'),
    findings: z
      .array(z.object({ what: z.enum(entryFindings), entry: id, seal: z.int().nullable() }))
      .describe(
        'Empty if the entries match their seals. `row-unsealed`: no seal names it, and it does not wait for one. `seal-changed`, `chain-broken`: the seal that names it is not the one that was made.',
      ),
    lastEntry: id.nullable().describe('The last entry checked; null where there is none.'),
    digest: z
      .string()
      .nullable()
      .describe(
        'SHA-256 over the hashes of the entries checked, in hexadecimal: the same as long as none is changed or removed.',
      ),
    nextAfterEntry: id.nullable().describe('`afterEntry` for the next call; null after the last entry.'),
  })
  .meta({ id: 'ProjectVerification' });
