import { type FileHandle, open } from 'node:fs/promises';
import type { VideoType } from './sniff.ts';

/**
 * Whether a container announces more bytes than the file has, which is how an upload that broke off looks. FFmpeg reads
 * such a file as far as it goes and then reports an ordinary end, so the sizes are compared here: the boxes of
 * ISO/IEC 14496-12 (4.2) one after the other, or the Segment element of Matroska (RFC 9559, 4.5).
 */
export async function endsEarly(path: string, mimeType: VideoType): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return mimeType === 'video/webm' ? await segmentEndsEarly(file, size) : await boxEndsEarly(file, size);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** A healthy file has a handful of top-level boxes; a fragmented one two per fragment. */
const mostBoxes = 100_000;
/** Boxes without which something is missing: index, pictures and sound, index of a fragment. */
const wanted = ['moov', 'mdat', 'moof'];

async function boxEndsEarly(file: FileHandle, size: number): Promise<boolean> {
  let position = 0;
  for (let box = 0; box < mostBoxes && position < size; box += 1) {
    const head = await readAt(file, position, 16);
    if (head.length < 8) return false;
    const short = head.readUInt32BE(0);
    // 0: to the end of the file; 1: a 64-bit size follows the type.
    if (short === 0) return false;
    if (short === 1 && head.length < 16) return true;
    const type = head.toString('latin1', 4, 8);
    const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < 8) return false;
    position += length;
    // Leftovers of an editor behind the last real box do no harm.
    if (position > size) return wanted.includes(type);
  }
  return false;
}

const segmentId = 0x18538067;

async function segmentEndsEarly(file: FileHandle, size: number): Promise<boolean> {
  const head = await readAt(file, 0, 4096);
  const ebml = readSize(head, 4);
  if (ebml === null || ebml.value === null) return false;
  const at = ebml.end + ebml.value;
  if (at + 12 > head.length || head.readUInt32BE(at) !== segmentId) return false;
  const segment = readSize(head, at + 4);
  // A live recording leaves the size open.
  return segment !== null && segment.value !== null && segment.end + segment.value > size;
}

/** A Matroska length: the position of the first set bit tells how many bytes it has; all ones mean unknown (null). */
function readSize(bytes: Buffer, at: number): { readonly value: number | null; readonly end: number } | null {
  const first = bytes[at];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return null;
  let value = BigInt(first & (0xff >> length));
  for (let index = 1; index < length; index += 1) value = (value << 8n) | BigInt(bytes[at + index] ?? 0);
  const unknown = value === (1n << BigInt(7 * length)) - 1n;
  return { value: unknown ? null : Number(value), end: at + length };
}
