import { join } from 'node:path';
import type { Metadata, Sharp } from 'sharp';
import { imageEndsEarly } from './image-end.ts';
import { type ImageEngine, imageEngine, untrusted } from './image-engine.ts';
import { mediaLimits, renditionSizes } from './limits.ts';
import { failure, type MediaFailure, type Processed, type Rendition } from './processed.ts';
import { describeRendition } from './rendition.ts';
import type { ImageType } from './sniff.ts';

const formats = {
  'image/jpeg': { article: 'The JPEG', extension: 'jpg' },
  'image/png': { article: 'The PNG', extension: 'png' },
  'image/webp': { article: 'The WebP image', extension: 'webp' },
  'image/gif': { article: 'The GIF', extension: 'gif' },
  'image/avif': { article: 'The AVIF image', extension: 'avif' },
} as const satisfies Record<ImageType, object>;

export interface ImageSource {
  /** Local file. */
  readonly path: string;
  /** By content. */
  readonly mimeType: ImageType;
  /** Existing folder for the renditions. */
  readonly outDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Turns an image upright, drops all metadata (EXIF with GPS, XMP, IPTC, comments, colour profile after conversion to
 * sRGB) and makes the renditions `original`, `preview` and `thumb`. libvips writes no metadata unless told to.
 */
export async function processImage(source: ImageSource): Promise<Processed | MediaFailure> {
  const engine = await imageEngine();
  const header = await readHeader(engine, source);
  if (header.kind === 'failed') return header;
  const original = await writeOriginal(engine, source, header.metadata);
  if ('kind' in original) return original;
  source.signal?.throwIfAborted();
  const preview = await writeRendition(engine, source, original, 'preview');
  source.signal?.throwIfAborted();
  const thumb = await writeRendition(engine, source, original, 'thumb');
  return {
    kind: 'processed',
    mediaKind: 'image',
    mimeType: source.mimeType,
    width: original.width,
    height: original.height,
    durationS: isAnimated(source, header.metadata) ? animationSeconds(header.metadata) : null,
    fps: null,
    videoCodec: null,
    audioCodec: null,
    bitsPerSecond: null,
    renditions: [original, preview, thumb],
  };
}

type Header = { readonly kind: 'header'; readonly metadata: Metadata };

/** Reads the header alone, so that an image that would burst the memory is refused before a pixel is decoded. */
async function readHeader(engine: ImageEngine, source: ImageSource): Promise<Header | MediaFailure> {
  let metadata: Metadata;
  try {
    metadata = await engine(source.path, { ...untrusted, limitInputPixels: false }).metadata();
  } catch (error) {
    return await unreadable(source, error);
  }
  const { width, height } = metadata;
  const frames = metadata.pages ?? 1;
  const { maxPixels, maxSidePx } = mediaLimits.image;
  if (width * height * frames > maxPixels || Math.max(width, height) > maxSidePx) {
    const size = `${width} × ${height} pixels${frames > 1 ? ` in ${frames} frames` : ''}`;
    return failure(
      'too_many_pixels',
      `The image has ${size}; at most ${maxPixels / 1e6} million pixels and ${maxSidePx} a side are taken.`,
    );
  }
  return { kind: 'header', metadata };
}

function isAnimated({ mimeType }: ImageSource, { pages = 1 }: Metadata): boolean {
  return pages > 1 && (mimeType === 'image/gif' || mimeType === 'image/webp');
}

async function writeOriginal(
  engine: ImageEngine,
  source: ImageSource,
  metadata: Metadata,
): Promise<Rendition | MediaFailure> {
  const path = join(source.outDir, `original.${formats[source.mimeType].extension}`);
  const animated = isAnimated(source, metadata);
  const image = engine(source.path, { ...untrusted, animated });
  // libvips cannot turn a stack of frames; cameras do not write animations.
  const upright = animated ? image : image.autoOrient();
  try {
    const info = await encode(upright, source.mimeType, metadata.width * metadata.height).toFile(path);
    const shown = { width: info.width, height: info.pageHeight ?? info.height };
    return await describeRendition({ name: 'original', path, mimeType: source.mimeType, ...shown });
  } catch (error) {
    return await unreadable(source, error);
  }
}

/** Up to here the smallest JPEG is worth its time and memory: of 99 megapixels it took 22 s and 1.2 GB (measured 2026-11). */
const carefulPixels = 24_000_000;

function encode(image: Sharp, mimeType: ImageType, pixels: number): Sharp {
  switch (mimeType) {
    case 'image/jpeg':
      return image.jpeg(
        pixels <= carefulPixels ? { quality: 90, mozjpeg: true } : { quality: 90, optimiseCoding: false },
      );
    case 'image/png':
      return image.png();
    case 'image/webp':
      return image.webp({ quality: 90 });
    case 'image/gif':
      return image.gif();
    case 'image/avif':
      return image.avif({ quality: 70, effort: 2 });
  }
}

/** From the cleaned original, of an animation its first frame. */
async function writeRendition(
  engine: ImageEngine,
  source: ImageSource,
  original: Rendition,
  name: 'preview' | 'thumb',
): Promise<Rendition> {
  const size = name === 'thumb' ? renditionSizes.thumbPx : renditionSizes.previewPx;
  const path = join(source.outDir, name === 'thumb' ? 'thumb.webp' : 'preview.jpg');
  const resized = engine(original.path, untrusted).resize({
    width: size,
    height: size,
    fit: 'inside',
    withoutEnlargement: true,
  });
  const info = await (name === 'thumb'
    ? resized.webp({ quality: 80 })
    : resized.flatten({ background: '#ffffff' }).jpeg({ quality: 85, mozjpeg: true })
  ).toFile(path);
  const mimeType = name === 'thumb' ? 'image/webp' : 'image/jpeg';
  return describeRendition({ name, path, mimeType, width: info.width, height: info.height });
}

function animationSeconds(metadata: Metadata): number | null {
  const delaysMs = metadata.delay ?? [];
  const totalMs = delaysMs.reduce((sum, delayMs) => sum + delayMs, 0);
  return totalMs > 0 ? totalMs / 1000 : null;
}

/** Words with which the decoders behind libvips say that data ran out. */
const endedEarly = /premature end|unexpected end|insufficient input/i;

/** Words that mean the machine, not the file: libvips puts the first before what the operating system says. */
const machineTrouble = /system error|out of memory|unable to open/i;

async function unreadable(source: ImageSource, error: unknown): Promise<MediaFailure> {
  const message = error instanceof Error ? error.message : String(error);
  if (machineTrouble.test(message)) throw error;
  const { article } = formats[source.mimeType];
  return endedEarly.test(message) || (await imageEndsEarly(source.path, source.mimeType))
    ? failure('truncated', `${article} ends in the middle.`)
    : failure('damaged', `${article} is damaged and cannot be read.`);
}
