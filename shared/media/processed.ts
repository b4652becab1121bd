/** What comes out of a file that somebody sent. */

/** `original`: the file without metadata. `thumb`: WebP, at most 320 px. `preview`: JPEG, at most 1280 px, of an image.
 *  `poster`: JPEG, at most 1280 px, a frame of a video. */
export type RenditionName = 'original' | 'thumb' | 'preview' | 'poster';

export interface Rendition {
  readonly name: RenditionName;
  /** Local file, inside the folder that the caller gave. */
  readonly path: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Hex. */
  readonly sha256: string;
}

export interface Processed {
  readonly kind: 'processed';
  readonly mediaKind: 'image' | 'video';
  /** By content. */
  readonly mimeType: string;
  /** As seen: after orientation, and with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Seconds; null for a still image. */
  readonly durationS: number | null;
  readonly fps: number | null;
  readonly videoCodec: string | null;
  readonly audioCodec: string | null;
  readonly bitsPerSecond: number | null;
  readonly renditions: readonly Rendition[];
}

export type MediaFailureCode =
  | 'empty'
  | 'unsupported_type'
  | 'too_large'
  | 'too_many_pixels'
  | 'too_long'
  | 'truncated'
  | 'damaged'
  | 'no_video';

/** The file will never do; trying again cannot help. Whatever else goes wrong (disk, memory, abort) is an exception. */
export interface MediaFailure {
  readonly kind: 'failed';
  readonly code: MediaFailureCode;
  /** A sentence for the person who sent the file. */
  readonly reason: string;
}

export function failure(code: MediaFailureCode, reason: string): MediaFailure {
  return { kind: 'failed', code, reason };
}
