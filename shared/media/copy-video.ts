import type { FormatContext, Packet, Stream } from 'node-av/lib';
import { containers, type OpenVideo } from './open-video.ts';
import { failure, type MediaFailure } from './processed.ts';
import type { VideoType } from './sniff.ts';
import type { VideoEngine } from './video-engine.ts';

export interface CopyRequest {
  readonly video: OpenVideo;
  readonly mimeType: VideoType;
  /** File to write. */
  readonly path: string;
  readonly signal?: AbortSignal;
}

interface Target {
  readonly output: FormatContext;
  /** Index in the source → stream here. Streams that are missing are left behind. */
  readonly streams: ReadonlyMap<number, Stream>;
}

interface Seen {
  packets: number;
  /** End of the last picture, in seconds. */
  endS: number;
  corrupt: boolean;
}

/**
 * Copies picture and sound, packet by packet and not decoded, into a new container of the same kind. Titles, places,
 * devices, dates, covers and timed data (a phone's or a drone's GPS track) stay behind; the index comes first, so that a
 * player can begin at once. On the way it finds out whether the file is all there.
 */
export async function copyVideo(engine: VideoEngine, request: CopyRequest): Promise<MediaFailure | null> {
  // The source's own codec tags keep players happy (hvc1 for Apple's); where the muxer refuses one, it may choose.
  const target = (await openTarget(engine, request, true)) ?? (await openTarget(engine, request, false));
  if (target === null) {
    const { videoCodec, audioCodec } = request.video.facts;
    const codecs = audioCodec === null ? videoCodec : `${videoCodec} and ${audioCodec}`;
    return failure('unsupported_type', `The ${nameOf(request)} holds ${codecs}, which do not belong into it.`);
  }
  try {
    const seen = await copyPackets(engine, request, target);
    if ('kind' in seen) return seen;
    engine.av.FFmpegError.throwIfError(await target.output.writeTrailer(), 'finish the video');
    return judge(request, seen);
  } finally {
    await closeTarget(target.output);
  }
}

function nameOf({ mimeType }: CopyRequest): string {
  return containers[mimeType].name;
}

async function closeTarget(output: FormatContext): Promise<void> {
  await output.closeOutput();
  output.freeContext();
}

/** Null when the muxer does not take these streams. */
async function openTarget(engine: VideoEngine, request: CopyRequest, keepTags: boolean): Promise<Target | null> {
  const { av, is } = engine;
  const { video, mimeType, path } = request;
  const output = new av.FormatContext();
  av.FFmpegError.throwIfError(output.allocOutputContext2(null, containers[mimeType].muxer, path), 'open the output');
  // Without this the muxer signs and dates the file.
  output.setFlags(is.AVFMT_FLAG_BITEXACT);
  const streams = new Map<number, Stream>();
  for (const source of video.sound === null ? [video.picture] : [video.picture, video.sound]) {
    const stream = addStream(engine, output, source);
    if (!keepTags) stream.codecpar.codecTag = 0;
    streams.set(source.index, stream);
  }
  const options = av.Dictionary.fromObject(mimeType === 'video/webm' ? {} : { movflags: '+faststart' });
  try {
    av.FFmpegError.throwIfError(await output.openOutput(), 'create the output');
    const code = await output.writeHeader(options);
    if (code >= 0) return { output, streams };
    if (!refused(engine, code)) av.FFmpegError.throwIfError(code, 'write the header');
  } finally {
    options.free();
  }
  await closeTarget(output);
  return null;
}

function addStream({ av }: VideoEngine, output: FormatContext, source: Stream): Stream {
  const stream = output.newStream(null);
  av.FFmpegError.throwIfError(source.codecpar.copy(stream.codecpar), 'copy the stream parameters');
  stream.timeBase = source.timeBase;
  stream.avgFrameRate = source.avgFrameRate;
  stream.sampleAspectRatio = source.sampleAspectRatio;
  return stream;
}

/** The muxer dislikes what it was given; every other code is the machine's (disk, memory). */
function refused({ av, is }: VideoEngine, code: number): boolean {
  const invalid = av.FFmpegError.AVERROR(av.PosixError.EINVAL);
  return code === invalid || code === is.AVERROR_INVALIDDATA || code === is.AVERROR_PATCHWELCOME;
}

async function copyPackets(engine: VideoEngine, request: CopyRequest, target: Target): Promise<Seen | MediaFailure> {
  const { av, is } = engine;
  const { video, signal } = request;
  const seen: Seen = { packets: 0, endS: 0, corrupt: false };
  const packet = new av.Packet();
  packet.alloc();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const read = await video.input.readFrame(packet);
      if (read === is.AVERROR_EOF) return seen;
      const code = read < 0 ? read : await copyPacket(engine, video, target, packet, seen);
      if (code < 0) {
        if (!refused(engine, code)) av.FFmpegError.throwIfError(code, 'copy the video');
        return failure('damaged', `The ${nameOf(request)} is damaged at ${at(seen.endS)}.`);
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
}

/** FFmpeg's code. */
async function copyPacket(
  { is }: VideoEngine,
  video: OpenVideo,
  target: Target,
  packet: Packet,
  seen: Seen,
): Promise<number> {
  const source = packet.streamIndex === video.picture.index ? video.picture : video.sound;
  const stream = target.streams.get(packet.streamIndex);
  if (stream === undefined || source === null) return 0;
  if (packet.hasFlags(is.AV_PKT_FLAG_CORRUPT)) seen.corrupt = true;
  if (source === video.picture) notePicture(packet, source, video.input, seen, is.AV_NOPTS_VALUE);
  packet.rescaleTs(source.timeBase, stream.timeBase);
  packet.streamIndex = stream.index;
  packet.pos = -1n;
  return target.output.interleavedWriteFrame(packet);
}

function notePicture(packet: Packet, source: Stream, input: FormatContext, seen: Seen, none: bigint): void {
  seen.packets += 1;
  const time = packet.pts === none ? packet.dts : packet.pts;
  if (time === none) return;
  const startS = input.startTime === none ? 0 : Number(input.startTime) / 1_000_000;
  const endS = Number(time + packet.duration) * source.timeBase.toDouble() - startS;
  seen.endS = Math.max(seen.endS, endS);
}

/** Sound may be longer than picture; a picture that ends this much before the file does was cut. */
const missingShare = 0.1;
const missingS = 1;

function judge(request: CopyRequest, seen: Seen): MediaFailure | null {
  const name = nameOf(request);
  if (seen.packets === 0) return failure('truncated', `The ${name} has an index but no pictures: it was cut off.`);
  if (seen.corrupt) return failure('truncated', `The ${name} ends in the middle, at ${at(seen.endS)}.`);
  const declaredS = pictureSeconds(request.video);
  if (declaredS - seen.endS > Math.max(missingS, declaredS * missingShare)) {
    return failure('truncated', `The ${name} should last ${at(declaredS)} but ends after ${at(seen.endS)}.`);
  }
  return null;
}

/** What the picture's own track declares, where the container keeps that (MP4, QuickTime), else the whole file's length. */
function pictureSeconds({ picture, facts }: OpenVideo): number {
  return picture.duration > 0n ? Number(picture.duration) * picture.timeBase.toDouble() : facts.durationS;
}

function at(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}
