import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';

export const imageTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'] as const;
export const videoTypes = ['video/mp4', 'video/quicktime', 'video/webm'] as const;

export type ImageType = (typeof imageTypes)[number];
export type VideoType = (typeof videoTypes)[number];

export type Sniffed =
  | { readonly kind: 'image'; readonly mimeType: ImageType }
  | { readonly kind: 'video'; readonly mimeType: VideoType }
  | { readonly kind: 'other'; readonly mimeType: string }
  | { readonly kind: 'empty' };

/** Names under which the same format goes. */
const aliases: Readonly<Record<string, string>> = {
  'image/apng': 'image/png',
  'video/x-m4v': 'video/mp4',
};

/** Every signature we know lies in the first kilobytes; a detector that may roam the file could be led in circles. */
const headBytes = 64 * 1024;

/** The type of a local file by its content; its name and what was claimed about it are not looked at. */
export async function sniffFile(path: string): Promise<Sniffed> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await file.read(head, 0, headBytes, 0);
    return await sniff(head.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** The type of what begins with these bytes. */
export async function sniff(head: Uint8Array): Promise<Sniffed> {
  if (head.length === 0) return { kind: 'empty' };
  const { fileTypeFromBuffer } = await import('file-type');
  const found =
    (await fileTypeFromBuffer(head))?.mime ?? (looksLikeText(head) ? 'text/plain' : 'application/octet-stream');
  const mimeType = aliases[found] ?? found;
  const image = imageTypes.find((type) => type === mimeType);
  if (image !== undefined) return { kind: 'image', mimeType: image };
  const video = videoTypes.find((type) => type === mimeType);
  if (video !== undefined) return { kind: 'video', mimeType: video };
  return { kind: 'other', mimeType };
}

function looksLikeText(head: Uint8Array): boolean {
  const whole = head.length < headBytes ? head : withoutCutCharacter(head);
  return isUtf8(whole) && !whole.some((byte) => byte < 9 || (byte > 13 && byte < 27) || byte === 127);
}

/** Without the last UTF-8 character, which the end of the head may have cut: its continuation bytes and its first. */
function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  let end = bytes.length - 1;
  while (end > bytes.length - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
