import { join } from 'node:path';
import { endsEarly } from './container-end.ts';
import { copyVideo } from './copy-video.ts';
import { imageEngine } from './image-engine.ts';
import { mediaLimits, renditionSizes } from './limits.ts';
import { containers, type OpenVideo, openVideo, type VideoFacts } from './open-video.ts';
import { type PosterPixels, posterPixels } from './poster.ts';
import { failure, type MediaFailure, type Processed, type Rendition } from './processed.ts';
import { describeRendition } from './rendition.ts';
import type { VideoType } from './sniff.ts';
import { type VideoEngine, videoEngine } from './video-engine.ts';

export interface VideoSource {
  /** Local file. */
  readonly path: string;
  /** By content. */
  readonly mimeType: VideoType;
  /** Existing folder for the renditions. */
  readonly outDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Probes a video, proves that it is whole and can be decoded, and makes the renditions `original` (same coding, no
 * metadata, index first), `poster` and `thumb`. Memory stays at a few frames however long the file is.
 */
export async function processVideo(source: VideoSource): Promise<Processed | MediaFailure> {
  const { name } = containers[source.mimeType];
  if (await endsEarly(source.path, source.mimeType)) {
    return failure('truncated', `The ${name} ends in the middle: the file is shorter than it says.`);
  }
  const engine = await videoEngine();
  const poster = await readPoster(engine, source);
  if (poster.kind === 'failed') return poster;
  const original = await writeOriginal(engine, source);
  if ('kind' in original) return original;
  source.signal?.throwIfAborted();
  const pictures = await writePoster(source, poster.pixels, poster.facts);
  const { facts } = poster;
  return {
    kind: 'processed',
    mediaKind: 'video',
    mimeType: source.mimeType,
    width: facts.width,
    height: facts.height,
    durationS: facts.durationS,
    fps: facts.fps,
    videoCodec: facts.videoCodec,
    audioCodec: facts.audioCodec,
    bitsPerSecond: facts.bitsPerSecond,
    renditions: [original, ...pictures],
  };
}

/** Opens the file, hands it over and closes it whatever happens. */
async function withVideo<T>(
  engine: VideoEngine,
  source: Pick<VideoSource, 'path' | 'mimeType'>,
  use: (video: OpenVideo) => Promise<T>,
): Promise<T | MediaFailure> {
  const video = await openVideo(engine, source.path, source.mimeType);
  if (video.kind === 'failed') return video;
  try {
    return await use(video);
  } finally {
    await video.input.closeInput();
  }
}

interface Poster {
  readonly kind: 'poster';
  readonly facts: VideoFacts;
  readonly pixels: PosterPixels;
}

/** First and cheap: what is too long or cannot be decoded is refused before the whole file is read. */
function readPoster(engine: VideoEngine, source: VideoSource): Promise<Poster | MediaFailure> {
  return withVideo(engine, source, async (video) => {
    const { maxDurationS } = mediaLimits.video;
    if (video.facts.durationS > maxDurationS) {
      return failure(
        'too_long',
        `The video lasts ${Math.round(video.facts.durationS)} s; at most ${maxDurationS} s are taken.`,
      );
    }
    const pixels = await posterPixels(engine, video, source.mimeType, source.signal);
    return pixels.kind === 'failed' ? pixels : { kind: 'poster' as const, facts: video.facts, pixels };
  });
}

async function writeOriginal(engine: VideoEngine, source: VideoSource): Promise<Rendition | MediaFailure> {
  const { mimeType, signal } = source;
  const path = join(source.outDir, `original.${containers[mimeType].extension}`);
  const copied = await withVideo(engine, source, (video) =>
    copyVideo(engine, { video, mimeType, path, ...(signal === undefined ? {} : { signal }) }),
  );
  if (copied !== null) return copied;
  const facts = await withVideo(engine, { path, mimeType }, async (video) => video.facts);
  if ('kind' in facts) throw new Error(`the cleaned video cannot be opened: ${facts.reason}`);
  return describeRendition({ name: 'original', path, mimeType, width: facts.width, height: facts.height });
}

async function writePoster(source: VideoSource, pixels: PosterPixels, facts: VideoFacts): Promise<Rendition[]> {
  const engine = await imageEngine();
  const raw = { width: pixels.width, height: pixels.height, channels: 3 } as const;
  const upright = await engine(pixels.rgb, { raw, limitInputPixels: mediaLimits.video.maxPixels })
    .rotate(facts.turnDegrees)
    .toBuffer({ resolveWithObject: true });
  const shown = { width: upright.info.width, height: upright.info.height, channels: 3 } as const;
  const draw = async (name: 'poster' | 'thumb', size: number): Promise<Rendition> => {
    const path = join(source.outDir, name === 'poster' ? 'poster.jpg' : 'thumb.webp');
    const scale = Math.min(1, size / Math.max(facts.width, facts.height));
    const box = {
      width: Math.max(1, Math.round(facts.width * scale)),
      height: Math.max(1, Math.round(facts.height * scale)),
    };
    // `fill`, because pixels need not be square: the box has the proportions as seen.
    const resized = engine(upright.data, { raw: shown }).resize({ ...box, fit: 'fill' });
    await (name === 'poster' ? resized.jpeg({ quality: 85, mozjpeg: true }) : resized.webp({ quality: 80 })).toFile(
      path,
    );
    return describeRendition({ name, path, mimeType: name === 'poster' ? 'image/jpeg' : 'image/webp', ...box });
  };
  return [await draw('poster', renditionSizes.previewPx), await draw('thumb', renditionSizes.thumbPx)];
}
