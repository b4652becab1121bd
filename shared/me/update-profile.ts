/** A changed profile: a user name goes with what it looks like, so that no two are taken for each other. */
import type { z } from 'zod';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { skeletonOf } from '../users/username.ts';
import { updateMe } from './queries.ts';
import type { ProfilePatch } from './shapes.ts';

export async function updateProfile(db: Db, patch: z.output<typeof ProfilePatch>, expectedVersion: number | null) {
  const { username } = patch;
  const skeleton = typeof username === 'string' ? { usernameSkeleton: skeletonOf(username) } : {};
  return db.change(updateMe, { patch: json({ ...patch, ...skeleton }), expectedVersion });
}
