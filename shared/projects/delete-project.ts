import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { deleteProject } from './queries.ts';

/** Nothing that waits is dropped silently: it stands in the way, and is named. */
export async function removeProject(db: Db, which: { id: string; expectedVersion: number | null }): Promise<void> {
  const { outcome, waiting } = await db.one(deleteProject, which);
  if (outcome === 'ok') return;
  const fields = waiting.map(({ id, state }) => ({
    pointer: `/publications/${id}`,
    message: `is ${state}`,
    code: state,
  }));
  fail(outcome, outcome === 'in_use' ? { fields } : {});
}
