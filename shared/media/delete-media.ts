import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { deleteMedia } from './queries.ts';

/** The row is marked, the sweep removes the objects. */
export async function removeMedia(db: Db, which: { mediaId: string; expectedVersion: number | null }): Promise<void> {
  const { outcome, posts } = await db.one(deleteMedia, which);
  if (outcome === 'ok') return;
  const fields = posts.map((id) => ({ pointer: `/posts/${id}`, message: 'is still to be published with it' }));
  fail(outcome, outcome === 'in_use' ? { fields } : {});
}
