/** What is asked of the ends of accounts. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';

export const requestDeletion = query({
  name: 'requestDeletion',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.enum(['ok', 'deletion_blocked']),
    requestedAt: instant.nullable(),
    dueAt: instant.nullable(),
    mailId: id.nullable(),
    recipient: z.string().nullable(),
    name: z.string().nullable(),
    blockers: z.array(z.object({ kind: z.enum(['project', 'post']), id, name: z.string().nullable() })),
  }),
})<{ deleteProjects: string[]; cancelPending: boolean | null }>`
  select outcome, requested_at, due_at, mail_id, recipient, name, blockers
  from app.request_deletion(${'deleteProjects'}::uuid[], ${'cancelPending'}::boolean)`;

export const cancelDeletion = query({
  name: 'cancelDeletion',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<Record<never, never>>`
  select outcome from app.cancel_deletion()`;

export const claimErasures = query({
  name: 'claimErasures',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ userId: id, email: z.string(), name: z.string() }),
})<{ limit: number }>`
  select user_id, email, name from app.claim_erasures(${'limit'}::integer)`;

export const finishDeletion = query({
  name: 'finishDeletion',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ userId: string }>`
  select outcome from app.finish_deletion(${'userId'}::uuid)`;
