import type { z } from 'zod';
import { presignRead } from '../aws/objects.ts';
import { type Avatar, avatarKey, avatarSizesPx, type Face } from './shapes.ts';

const URL_S = 3600;

/** The row with an address that is good for an hour; a picture that was uploaded here goes before one that lies elsewhere. */
export async function showFace<R extends Face>({ avatarKey: key, ...row }: R) {
  return { ...row, avatarUrl: key === null ? row.avatarUrl : await presignRead(key, URL_S) };
}

export async function showAvatar(avatarId: string | null): Promise<z.input<typeof Avatar> | null> {
  if (avatarId === null) return null;
  const sizes = avatarSizesPx.map(async (px) => ({ px, url: await presignRead(avatarKey(avatarId, px), URL_S) }));
  return { id: avatarId, sizes: await Promise.all(sizes) };
}
