/** A person's picture. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { imageTypes } from '../media/sniff.ts';

/** Sides of the squares that are kept, in pixels. The trigger that clears them away (0145) names them too. */
export const avatarSizesPx = [64, 256, 512] as const;
export const maxAvatarBytes = 10 * 1024 * 1024;

export const Avatar = z
  .object({
    id,
    sizes: z.array(
      z.object({
        px: z.int().describe('Side of the square, in pixels.'),
        url: z.string().describe('Valid for an hour.'),
      }),
    ),
  })
  .meta({ id: 'Avatar' });

export const AvatarUpload = z
  .object({
    id,
    status: z.enum(['pending_upload', 'processing', 'failed']),
    failure: z.object({ code: z.string(), reason: z.string() }).nullable(),
  })
  .meta({ id: 'AvatarUpload', description: 'An uploaded picture that is still being processed, or that failed.' });

export const AvatarRequest = z
  .strictObject({
    mimeType: z.enum(imageTypes),
    bytes: z.int().min(1).max(maxAvatarBytes).describe('Size of the file to be uploaded; a larger one is refused.'),
  })
  .meta({ id: 'AvatarRequest' });

/** A face as statements give it: a picture that was uploaded here has a key, one that lies elsewhere an address. */
export const face = z.object({ avatarUrl: z.string().nullable(), avatarKey: z.string().nullable() });
export type Face = z.output<typeof face>;

export function avatarKey(avatarId: string, px: (typeof avatarSizesPx)[number]): string {
  return `media/avatars/${avatarId}/${px}.webp`;
}

export function avatarUploadKey(avatarId: string): string {
  return `uploads/avatars/${avatarId}`;
}
