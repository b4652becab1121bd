import { stat } from 'node:fs/promises';
import { mediaLimits } from './limits.ts';
import { processImage } from './process-image.ts';
import { processVideo } from './process-video.ts';
import { failure, type MediaFailure, type Processed } from './processed.ts';
import { sniffFile } from './sniff.ts';

export interface MediaSource {
  /** Local file. */
  readonly path: string;
  /** What the sender called it. Only words: the content decides, also between image and video. */
  readonly declaredMimeType: string;
  /** Existing folder for the renditions; what lies there after a failure is of no use. */
  readonly outDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Looks at a file, cleans it and makes its renditions. `failed` says that the file itself will never do; every other
 * trouble, an abort included, is thrown, and the same call may be made again.
 */
export async function processMedia(source: MediaSource): Promise<Processed | MediaFailure> {
  const { path, outDir, signal } = source;
  signal?.throwIfAborted();
  const found = await sniffFile(path);
  if (found.kind === 'empty') return failure('empty', 'The file is empty.');
  if (found.kind === 'other') return failure('unsupported_type', unknownType(found.mimeType, source.declaredMimeType));
  const { maxBytes } = mediaLimits[found.kind];
  const { size } = await stat(path);
  if (size > maxBytes) return failure('too_large', tooLarge(found.kind, size, maxBytes));
  const common = { path, outDir, ...(signal === undefined ? {} : { signal }) };
  return found.kind === 'image'
    ? processImage({ ...common, mimeType: found.mimeType })
    : processVideo({ ...common, mimeType: found.mimeType });
}

function unknownType(content: string, declared: string): string {
  const claim = declared === content ? '' : `, although it was sent as ${declared}`;
  return `The file is not an image or video that we know: its content is ${content}${claim}.`;
}

function tooLarge(kind: 'image' | 'video', bytes: number, maxBytes: number): string {
  const mebibytes = (count: number) => `${Math.ceil(count / 1024 / 1024)} MiB`;
  return `The ${kind} has ${mebibytes(bytes)}; at most ${mebibytes(maxBytes)} are taken.`;
}
