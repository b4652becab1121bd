import { open } from 'node:fs/promises';
import type { ImageType } from './sniff.ts';

/**
 * Whether the end of an image that cannot be read is missing, where its decoder does not tell that from damage: a PNG
 * closes with an IEND chunk (ISO/IEC 15948, 11.2.5), a WebP announces its size (RFC 9649, 2.4).
 */
export async function imageEndsEarly(path: string, mimeType: ImageType): Promise<boolean> {
  if (mimeType !== 'image/png' && mimeType !== 'image/webp') return false;
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(12);
    if (mimeType === 'image/webp') {
      await file.read(bytes, 0, 12, 0);
      return bytes.readUInt32LE(4) + 8 > size;
    }
    await file.read(bytes, 0, 12, Math.max(0, size - 12));
    return !bytes.includes('IEND');
  } finally {
    await file.close();
  }
}
