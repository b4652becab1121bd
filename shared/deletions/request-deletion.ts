/** A person asks to be deleted: done with a mail, or told what stands in the way. */
import type { Db } from '../db/client.ts';
import { type FieldError, fail } from '../errors.ts';
import { sendAtOnce } from '../mail/send-at-once.ts';
import { requestDeletion } from './queries.ts';
import type { DeletionRequest } from './shapes.ts';

export async function askForDeletion(db: Db, { deleteProjects, cancelPending }: DeletionRequest) {
  const row = await db.one(requestDeletion, { deleteProjects, cancelPending: cancelPending ?? null });
  if (row.outcome === 'deletion_blocked') fail('deletion_blocked', { fields: row.blockers.map(toField) });
  const { requestedAt, dueAt, mailId, recipient, name } = row;
  if (requestedAt === null || dueAt === null) throw new Error('a deletion that was asked for has its times');
  if (mailId !== null && recipient !== null && !db.isRepeat()) {
    await sendAtOnce(db, mailId, { template: 'deletion-requested', to: recipient, name: name ?? '', dueAt });
  }
  return { requestedAt, dueAt };
}

function toField({ kind, id, name }: { kind: 'project' | 'post'; id: string; name: string | null }): FieldError {
  return kind === 'project'
    ? {
        pointer: `/projects/${id}`,
        code: 'last_owner',
        message: `${name ?? 'a project'} has other members and no other owner: give it one, or name it in deleteProjects`,
      }
    : { pointer: `/posts/${id}`, code: 'still_waits', message: 'is still waiting to be published: set cancelPending' };
}
