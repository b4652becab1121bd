/** Which of a medium's files a platform gets. Validation and publishing ask here, so that they agree. Pure. */
import type { Capabilities, MediaLimit } from '../platforms/connector.ts';

export interface RenditionFacts {
  /** `original`, `preview`, … */
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * The original where the platform takes it. Of an image that it does not take (too large, a type it does not know) the
 * preview, where that is taken. Otherwise the original again, so that what is wrong is said of the file people know.
 * Null while there is no original.
 */
export function pickRendition<R extends RenditionFacts>(
  kind: 'image' | 'video',
  renditions: readonly R[],
  { media }: Capabilities,
): R | null {
  const named = (name: string) => renditions.find((rendition) => rendition.name === name) ?? null;
  const original = named('original');
  const limit = media[kind];
  if (original === null || limit === null || kind === 'video' || fits(original, limit)) return original;
  const preview = named('preview');
  return preview !== null && fits(preview, limit) ? preview : original;
}

function fits({ mimeType, bytes, width, height }: RenditionFacts, limit: MediaLimit): boolean {
  return (
    limit.mimeTypes.includes(mimeType) &&
    bytes <= limit.maxBytes &&
    width >= (limit.minWidth ?? 0) &&
    width <= (limit.maxWidth ?? Number.POSITIVE_INFINITY) &&
    width * height <= (limit.maxPixels ?? Number.POSITIVE_INFINITY)
  );
}
