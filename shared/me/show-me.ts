/** A row with the picture's URLs. */
import type { z } from 'zod';
import { showAvatar } from '../avatars/show-avatar.ts';
import type { MyRow } from './queries.ts';
import type { MyProfile } from './shapes.ts';

export async function showMe({ avatarId, ...row }: MyRow): Promise<z.input<typeof MyProfile>> {
  return { ...row, avatar: await showAvatar(avatarId) };
}
