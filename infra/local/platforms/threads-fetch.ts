/** Threads fetches media itself; what it finds decides, not what the caller says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { readMp4 } from './mp4.ts';
import type { GraphError } from './threads-auth.ts';
import { type ContainerRow, containerRow, type Threads } from './threads-store.ts';

const fetchTimeoutMs = 20_000;
const maxImageBytes = 8_388_608;
const maxVideoBytes = 1_073_741_824;
const maxVideoS = 300;

export type FetchedImage =
  | { readonly kind: 'image'; readonly bytes: Buffer; readonly mime: string }
  | { readonly kind: 'refused'; readonly error: GraphError };

export async function fetchImage(url: string): Promise<FetchedImage> {
  const refused = (code: number, subcode: number, message: string): FetchedImage => ({
    kind: 'refused',
    error: { message, code, subcode, userMessage: message },
  });
  const bytes = await download(url, 'image/', maxImageBytes);
  if (bytes === 'unreachable') return refused(9004, 2207052, 'The media could not be fetched from this URI');
  if (bytes === 'too-large') return refused(36000, 2207004, 'The image size is too large.');
  const type = await fileTypeFromBuffer(bytes);
  if (type === undefined || !['image/jpeg', 'image/png'].includes(type.mime)) {
    return refused(36001, 2207005, 'The image format is not supported.');
  }
  try {
    const image = sharp(bytes, { failOn: 'truncated' });
    const { width, height } = await image.metadata();
    await image.stats();
    if (Math.max(width / height, height / width) > 10)
      return refused(36003, 2207009, 'The aspect ratio is not supported.');
  } catch {
    return refused(36001, 2207005, 'The image format is not supported.');
  }
  return { kind: 'image', bytes, mime: type.mime };
}

/** Fetches a container's video and settles the container. Never rejects. */
export async function processVideo(threads: Threads, container: ContainerRow): Promise<void> {
  const error = await videoError(threads, container);
  if (error !== null) {
    threads.store.run('UPDATE containers SET fetched = 1, error = ? WHERE id = ?', error, container.id);
    return;
  }
  const readyMs = Math.max(threads.now(), container.created_ms + threads.settings.get().videoProcessingMs);
  const sql = "UPDATE containers SET fetched = 1, mime = 'video/mp4', ready_ms = ? WHERE id = ?";
  threads.store.run(sql, readyMs, container.id);
}

async function videoError(threads: Threads, container: ContainerRow): Promise<string | null> {
  const bytes = await download(container.url ?? '', 'video/', maxVideoBytes);
  if (bytes === 'unreachable') return 'FAILED_DOWNLOADING_VIDEO';
  if (bytes === 'too-large') return 'FAILED_PROCESSING_VIDEO';
  const type = await fileTypeFromBuffer(bytes);
  if (type === undefined || !['video/mp4', 'video/quicktime'].includes(type.mime)) return 'FAILED_PROCESSING_VIDEO';
  const facts = readMp4(bytes);
  if (facts === null || !facts.codecs.some((codec) => ['avc1', 'avc3', 'hvc1', 'hev1'].includes(codec))) {
    return 'FAILED_PROCESSING_VIDEO';
  }
  if (facts.durationS <= 0 || facts.durationS > maxVideoS) return 'INVALID_DURATION';
  writeFileSync(fileOfContainer(threads, container.id), bytes);
  return threads.settings.get().failVideoWith;
}

/** Takes up what a killed simulator had begun. */
export function resumeProcessing(threads: Threads): void {
  const sql = 'SELECT * FROM containers WHERE fetched = 0 AND error IS NULL';
  for (const container of threads.store.all(containerRow, sql)) threads.process(container);
}

export function fileOfContainer(threads: Threads, containerId: string): string {
  return join(threads.filesDir, `threads-${containerId}`);
}

async function download(
  url: string,
  contentType: string,
  maxBytes: number,
): Promise<Buffer | 'unreachable' | 'too-large'> {
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': 'facebookexternalhit/1.1' },
      signal: AbortSignal.timeout(fetchTimeoutMs),
    });
    const rightType = response.headers.get('content-type')?.startsWith(contentType) === true;
    if (!response.ok || !rightType) {
      await response.body?.cancel();
      return 'unreachable';
    }
    if (Number(response.headers.get('content-length') ?? '0') > maxBytes) {
      await response.body?.cancel();
      return 'too-large';
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    return bytes.length > maxBytes ? 'too-large' : bytes;
  } catch {
    return 'unreachable';
  }
}
