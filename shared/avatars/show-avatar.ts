import type { z } from 'zod';
import { presignRead } from '../aws/objects.ts';
import { type Avatar, avatarKey, avatarSizesPx } from './shapes.ts';

const URL_S = 3600;

export async function showAvatar(avatarId: string | null): Promise<z.input<typeof Avatar> | null> {
  if (avatarId === null) return null;
  const sizes = avatarSizesPx.map(async (px) => ({ px, url: await presignRead(avatarKey(avatarId, px), URL_S) }));
  return { id: avatarId, sizes: await Promise.all(sizes) };
}
