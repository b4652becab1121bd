import type { CodecContext, Frame, SoftwareScaleContext } from 'node-av/lib';
import { mediaLimits } from './limits.ts';
import { containers, type OpenVideo } from './open-video.ts';
import { failure, type MediaFailure } from './processed.ts';
import type { VideoType } from './sniff.ts';
import type { VideoEngine } from './video-engine.ts';

export interface PosterPixels {
  readonly kind: 'pixels';
  /** RGB, three bytes a pixel, as coded: not turned, pixels not square. */
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
}

/** After this many packets the brightest frame seen will do. At 60 frames a second these are five seconds. */
const mostPackets = 300;
/** Mean luma of 0–255 from which a frame is not called black; studio black is 16. */
const notBlack = 32;

/**
 * Decodes a frame near 10 % of the video, at most 1 s in, or the first one after it that is not black. Decoding starts
 * at the first frame, so a file whose beginning cannot be decoded is found here.
 */
export async function posterPixels(
  engine: VideoEngine,
  video: OpenVideo,
  mimeType: VideoType,
  signal?: AbortSignal,
): Promise<PosterPixels | MediaFailure> {
  const decoder = await openDecoder(engine, video);
  if ('kind' in decoder) return decoder;
  const { av } = engine;
  const best = new av.Frame();
  best.alloc();
  try {
    const found = await findFrame(engine, video, decoder, best, signal);
    if (!found) return failure('damaged', `The pictures of the ${containers[mimeType].name} cannot be decoded.`);
    return await toRgb(engine, best);
  } finally {
    best.free();
    decoder.freeContext();
  }
}

async function openDecoder({ av }: VideoEngine, video: OpenVideo): Promise<CodecContext | MediaFailure> {
  const { codecpar } = video.picture;
  const codec = av.Codec.findDecoder(codecpar.codecId);
  const unknown = failure('unsupported_type', `Videos coded as ${video.facts.videoCodec} are not taken.`);
  if (codec === null) return unknown;
  const decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  decoder.threadCount = 2;
  const options = av.Dictionary.fromObject({ max_pixels: mediaLimits.video.maxPixels });
  try {
    if (decoder.parametersToContext(codecpar) >= 0 && (await decoder.open2(codec, options)) >= 0) return decoder;
  } finally {
    options.free();
  }
  decoder.freeContext();
  return unknown;
}

interface Search {
  readonly frame: Frame;
  /** The brightest frame so far from the wanted second on; before that the latest. */
  readonly best: Frame;
  readonly fromS: number;
  brightness: number;
}

async function findFrame(
  engine: VideoEngine,
  video: OpenVideo,
  decoder: CodecContext,
  best: Frame,
  signal?: AbortSignal,
): Promise<boolean> {
  const { av } = engine;
  const packet = new av.Packet();
  const frame = new av.Frame();
  packet.alloc();
  frame.alloc();
  const search: Search = { frame, best, fromS: Math.min(1, video.facts.durationS / 10), brightness: -1 };
  try {
    let ended = false;
    for (let count = 0; !ended && count < mostPackets; ) {
      signal?.throwIfAborted();
      ended = (await video.input.readFrame(packet)) < 0;
      if (ended || packet.streamIndex === video.picture.index) {
        // A packet that cannot be decoded is skipped: a film may begin between two key frames.
        await decoder.sendPacket(ended ? null : packet);
        if (await receiveFrames(engine, video, decoder, search)) return true;
        count += 1;
      }
      packet.unref();
    }
    return search.brightness >= 0;
  } finally {
    packet.free();
    frame.free();
  }
}

/** True as soon as a frame is good enough. Frames that the decoder had to patch do not count. */
async function receiveFrames(
  engine: VideoEngine,
  video: OpenVideo,
  decoder: CodecContext,
  search: Search,
): Promise<boolean> {
  const { frame, best } = search;
  while ((await decoder.receiveFrame(frame)) >= 0) {
    const due = seconds(engine, video, frame) >= search.fromS;
    const brightness = due ? await meanLuma(engine, frame) : 0;
    if (frame.decodeErrorFlags === 0 && brightness >= search.brightness) {
      search.brightness = brightness;
      best.unref();
      best.ref(frame);
    }
    frame.unref();
    if (search.brightness >= notBlack) return true;
  }
  return false;
}

function seconds({ is }: VideoEngine, video: OpenVideo, frame: Frame): number {
  const time = frame.bestEffortTimestamp;
  const start = video.picture.startTime === is.AV_NOPTS_VALUE ? 0n : video.picture.startTime;
  return time === is.AV_NOPTS_VALUE ? 0 : Number(time - start) * video.picture.timeBase.toDouble();
}

/** Scaled to a few grey pixels, whatever the coded pixel format is. */
async function meanLuma(engine: VideoEngine, frame: Frame): Promise<number> {
  const small = await convert(engine, frame, { width: 16, height: 16, format: engine.is.AV_PIX_FMT_GRAY8 });
  return small.reduce((sum, value) => sum + value, 0) / small.length;
}

async function toRgb(engine: VideoEngine, frame: Frame): Promise<PosterPixels> {
  const { width, height } = frame;
  const rgb = await convert(engine, frame, { width, height, format: engine.is.AV_PIX_FMT_RGB24 });
  return { kind: 'pixels', rgb, width, height };
}

type PixelFormat = Parameters<SoftwareScaleContext['getContext']>[2];

async function convert(
  { av }: VideoEngine,
  source: Frame,
  to: { readonly width: number; readonly height: number; readonly format: PixelFormat },
): Promise<Buffer> {
  const scaler = new av.SoftwareScaleContext();
  const target = new av.Frame();
  target.alloc();
  try {
    // A context that was only allocated takes sizes, formats and colour spaces from the two frames.
    scaler.allocContext();
    Object.assign(target, to);
    av.FFmpegError.throwIfError(target.getBuffer(1), 'allocate a picture');
    av.FFmpegError.throwIfError(await scaler.scaleFrame(target, source), 'convert a picture');
    return target.toBuffer();
  } finally {
    target.free();
    scaler.freeContext();
  }
}
