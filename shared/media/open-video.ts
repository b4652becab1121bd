import type { FormatContext, Stream } from 'node-av/lib';
import { mediaLimits } from './limits.ts';
import { failure, type MediaFailure } from './processed.ts';
import type { VideoType } from './sniff.ts';
import type { VideoEngine } from './video-engine.ts';

export const containers = {
  'video/mp4': { demuxer: 'mov', muxer: 'mp4', extension: 'mp4', name: 'MP4 video' },
  'video/quicktime': { demuxer: 'mov', muxer: 'mov', extension: 'mov', name: 'QuickTime video' },
  'video/webm': { demuxer: 'matroska', muxer: 'webm', extension: 'webm', name: 'WebM video' },
} as const satisfies Record<VideoType, object>;

export interface VideoFacts {
  readonly durationS: number;
  /** As seen: after rotation and with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Turn clockwise that shows the frames upright: 0, 90, 180 or 270. */
  readonly turnDegrees: number;
  readonly fps: number | null;
  readonly videoCodec: string;
  readonly audioCodec: string | null;
  readonly bitsPerSecond: number | null;
}

export interface OpenVideo {
  readonly kind: 'open';
  readonly input: FormatContext;
  readonly picture: Stream;
  readonly sound: Stream | null;
  readonly facts: VideoFacts;
}

/**
 * Opens a local file with the demuxer of its content and reads what its header and first packets say. The caller closes
 * `input`. Only plain files are opened: a container that names other files or addresses gets none of them.
 */
export async function openVideo(
  engine: VideoEngine,
  path: string,
  mimeType: VideoType,
): Promise<OpenVideo | MediaFailure> {
  const { av } = engine;
  const container = containers[mimeType];
  const input = new av.FormatContext();
  const options = av.Dictionary.fromObject({ protocol_whitelist: 'file' });
  const format = av.InputFormat.findInputFormat(container.demuxer);
  const opened = await input.openInput(path, format, options);
  options.free();
  if (opened < 0) return unopenable(engine, opened, container.name);
  const result = await describe(engine, input, container.name);
  if (result.kind === 'failed') await input.closeInput();
  return result;
}

function unopenable({ av, is }: VideoEngine, code: number, name: string): MediaFailure {
  // What else can go wrong here is the machine's: no such file, no memory.
  if (code !== is.AVERROR_INVALIDDATA && code !== is.AVERROR_EOF) av.FFmpegError.throwIfError(code, 'open the video');
  return failure('truncated', `The ${name} has no readable index: it was cut off or is damaged.`);
}

async function describe(engine: VideoEngine, input: FormatContext, name: string): Promise<OpenVideo | MediaFailure> {
  const { is, av } = engine;
  if ((await input.findStreamInfo(null)) < 0) return failure('damaged', `The ${name} is damaged and cannot be read.`);
  const picture = pictureStream(engine, input);
  if (picture === undefined) return failure('no_video', 'The file has no picture, only sound or data.');
  const sound = input.streams.find((stream) => stream.codecpar.codecType === is.AVMEDIA_TYPE_AUDIO) ?? null;
  const { width, height } = picture.codecpar;
  if (width <= 0 || height <= 0) return failure('damaged', `The ${name} does not say how large its picture is.`);
  if (width * height > mediaLimits.video.maxPixels) {
    return failure('too_many_pixels', `The video has ${width} × ${height} pixels; larger than 8K is not taken.`);
  }
  const turnDegrees = turn(picture, is.AV_PKT_DATA_DISPLAYMATRIX);
  const shown = shownSize(picture, turnDegrees);
  const rate = picture.avgFrameRate;
  const facts = {
    durationS: Math.max(0, Number(input.duration) / 1_000_000),
    ...shown,
    turnDegrees,
    fps: rate.num > 0 && rate.den > 0 ? Math.round((rate.num / rate.den) * 1000) / 1000 : null,
    videoCodec: av.avGetCodecName(picture.codecpar.codecId) ?? 'unknown',
    audioCodec: sound === null ? null : av.avGetCodecName(sound.codecpar.codecId),
    bitsPerSecond: input.bitRate > 0n ? Number(input.bitRate) : null,
  };
  return { kind: 'open', input, picture, sound, facts };
}

/** The first moving picture; a cover image counts as none. */
function pictureStream({ is }: VideoEngine, input: FormatContext): Stream | undefined {
  return input.streams.find(
    (stream) =>
      stream.codecpar.codecType === is.AVMEDIA_TYPE_VIDEO && !stream.hasDisposition(is.AV_DISPOSITION_ATTACHED_PIC),
  );
}

/** The display matrix holds a b u c d v x y w; its upper left (a, b) is the image of the x axis. */
function turn(picture: Stream, displayMatrix: VideoEngine['is']['AV_PKT_DATA_DISPLAYMATRIX']): number {
  const matrix = picture.codecpar.getCodedSideData(displayMatrix);
  if (matrix === null || matrix.length < 36) return 0;
  const radians = Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0));
  const quarters = Math.round(radians / (Math.PI / 2));
  return ((quarters + 4) % 4) * 90;
}

function shownSize(picture: Stream, turnDegrees: number): { readonly width: number; readonly height: number } {
  const { width, height, sampleAspectRatio } = picture.codecpar;
  const ratio =
    sampleAspectRatio.num > 0 && sampleAspectRatio.den > 0 ? sampleAspectRatio.num / sampleAspectRatio.den : 1;
  const wide = Math.max(1, Math.round(width * ratio));
  return turnDegrees % 180 === 0 ? { width: wide, height } : { width: height, height: wide };
}
