import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_SAMPLE_FMT_FLTP,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVFMT_FLAG_BITEXACT,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
  SWS_BICUBIC,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareScaleContext,
  type Stream,
} from 'node-av/lib';
import { corners } from './corners.ts';

interface Recipe {
  readonly path: string;
  readonly container: 'mp4' | 'mov' | 'webm';
  readonly picture: null | {
    readonly codec: 'libx264' | 'libvpx-vp9';
    readonly width: number;
    readonly height: number;
    /** How many frames at the start are black. */
    readonly blackFrames: number;
    /** The frames lie on their side and a display matrix says so, as a phone held upright writes it. */
    readonly turned: boolean;
  };
  readonly sound: null | 'aac';
  readonly seconds: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

const encoders = { libx264: FF_ENCODER_LIBX264, 'libvpx-vp9': FF_ENCODER_LIBVPX_VP9, aac: FF_ENCODER_AAC } as const;
const fps = 25;
const sampleRate = 48_000;

function check(code: number, what: string): number {
  if (code < 0 && code !== AVERROR_EAGAIN && code !== AVERROR_EOF) FFmpegError.throwIfError(code, what);
  return code;
}

function rgb(hex: string): readonly [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Corner squares, colour bars in the middle, and a white block that travels from left to right. */
function colourAt(x: number, y: number, at: number): string {
  const left = x < 0.18;
  const right = x >= 0.82;
  if (y < 0.25 && (left || right)) return left ? corners.topLeft : corners.topRight;
  if (y >= 0.75 && (left || right)) return left ? corners.bottomLeft : corners.bottomRight;
  if (y >= 0.8 && Math.abs(x - (0.25 + at * 0.5)) < 0.05) return '#ffffff';
  const bars = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'];
  return y > 0.3 && y < 0.7 ? (bars[Math.floor(x * bars.length)] ?? '#c0c0c0') : '#37474f';
}

function drawFrame(width: number, height: number, at: number, turned: boolean): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      // A turn by 90 degrees clockwise brings the sensor's bottom left corner to the top left.
      const [x, y] = turned ? [1 - (row + 0.5) / height, (column + 0.5) / width] : [column / width, row / height];
      const [r, g, b] = rgb(colourAt(x, y, at));
      pixels.set([r, g, b], (row * width + column) * 3);
    }
  }
  return pixels;
}

/** 90 degrees clockwise: (a b u; c d v; x y w) with 16.16 and 2.30 fixed point. */
function displayMatrix(): Buffer {
  const matrix = Buffer.alloc(36);
  for (const [index, value] of [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].entries()) {
    matrix.writeInt32LE(value, index * 4);
  }
  return matrix;
}

async function openPicture(recipe: Recipe): Promise<CodecContext | null> {
  if (recipe.picture === null) return null;
  const encoder = new CodecContext();
  const codec = Codec.findEncoderByName(encoders[recipe.picture.codec]);
  encoder.allocContext3(codec);
  encoder.width = recipe.picture.width;
  encoder.height = recipe.picture.height;
  encoder.pixelFormat = AV_PIX_FMT_YUV420P;
  encoder.timeBase = new Rational(1, fps);
  encoder.framerate = new Rational(fps, 1);
  encoder.gopSize = fps;
  encoder.threadCount = 1;
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_BITEXACT);
  const options = recipe.picture.codec === 'libx264' ? { preset: 'medium', crf: '23' } : { crf: '35', b: '0' };
  check(await encoder.open2(codec, Dictionary.fromObject(options)), 'open the picture encoder');
  return encoder;
}

async function openSound(recipe: Recipe): Promise<CodecContext | null> {
  if (recipe.sound === null) return null;
  const encoder = new CodecContext();
  const codec = Codec.findEncoderByName(encoders[recipe.sound]);
  encoder.allocContext3(codec);
  encoder.sampleRate = sampleRate;
  encoder.sampleFormat = AV_SAMPLE_FMT_FLTP;
  encoder.channelLayout = { nbChannels: 1, order: AV_CHANNEL_ORDER_NATIVE, mask: 4n };
  encoder.bitRate = 64_000n;
  encoder.timeBase = new Rational(1, sampleRate);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_BITEXACT);
  check(await encoder.open2(codec, null), 'open the sound encoder');
  return encoder;
}

async function drain(encoder: CodecContext, stream: Stream, output: FormatContext): Promise<void> {
  const packet = new Packet();
  packet.alloc();
  while (check(await encoder.receivePacket(packet), 'encode') >= 0) {
    // The muxer knows how long the last picture stands only if it is told.
    if (packet.duration === 0n) packet.duration = 1n;
    packet.rescaleTs(encoder.timeBase, stream.timeBase);
    packet.streamIndex = stream.index;
    check(await output.interleavedWriteFrame(packet), 'write');
  }
  packet.free();
}

async function encodePicture(recipe: Recipe, encoder: CodecContext, stream: Stream, output: FormatContext) {
  if (recipe.picture === null) return;
  const { width, height, turned, blackFrames } = recipe.picture;
  const scaler = new SoftwareScaleContext();
  scaler.getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P, SWS_BICUBIC);
  const count = Math.round(recipe.seconds * fps);
  for (let index = 0; index < count; index += 1) {
    const pixels =
      index < blackFrames ? Buffer.alloc(width * height * 3) : drawFrame(width, height, index / count, turned);
    const drawn = Frame.fromVideoBuffer(pixels, { width, height, format: AV_PIX_FMT_RGB24 });
    const frame = new Frame();
    frame.alloc();
    Object.assign(frame, { width, height, format: AV_PIX_FMT_YUV420P });
    check(frame.getBuffer(), 'allocate');
    check(await scaler.scaleFrame(frame, drawn), 'scale');
    frame.pts = BigInt(index);
    check(await encoder.sendFrame(frame), 'encode');
    await drain(encoder, stream, output);
    frame.free();
    drawn.free();
  }
  check(await encoder.sendFrame(null), 'encode');
  await drain(encoder, stream, output);
  scaler.freeContext();
}

/** A tone of 440 Hz. */
async function encodeSound(recipe: Recipe, encoder: CodecContext, stream: Stream, output: FormatContext) {
  const size = encoder.frameSize;
  const total = Math.round(recipe.seconds * sampleRate);
  for (let start = 0; start < total; start += size) {
    const count = Math.min(size, total - start);
    const samples = Buffer.alloc(count * 4);
    for (let index = 0; index < count; index += 1) {
      samples.writeFloatLE(0.2 * Math.sin(((start + index) * 2 * Math.PI * 440) / sampleRate), index * 4);
    }
    const { sampleFormat: format, channelLayout } = encoder;
    const frame = Frame.fromAudioBuffer(samples, { nbSamples: count, format, sampleRate, channelLayout });
    frame.pts = BigInt(start);
    check(await encoder.sendFrame(frame), 'encode');
    await drain(encoder, stream, output);
    frame.free();
  }
  check(await encoder.sendFrame(null), 'encode');
  await drain(encoder, stream, output);
}

function addStream(output: FormatContext, encoder: CodecContext): Stream {
  const stream = output.newStream(null);
  stream.timeBase = encoder.timeBase;
  check(stream.codecpar.fromContext(encoder), 'copy parameters');
  return stream;
}

async function makeVideo(recipe: Recipe): Promise<void> {
  const output = new FormatContext();
  check(output.allocOutputContext2(null, recipe.container, recipe.path), 'open the output');
  // Otherwise Matroska draws random ids and QuickTime a vendor stamp; but then MP4 leaves out the place.
  if (recipe.container !== 'mp4') output.setFlags(AVFMT_FLAG_BITEXACT);
  const picture = await openPicture(recipe);
  const sound = await openSound(recipe);
  const pictureStream = picture === null ? null : addStream(output, picture);
  const soundStream = sound === null ? null : addStream(output, sound);
  if (recipe.picture?.turned) pictureStream?.codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, displayMatrix());
  output.metadata = Dictionary.fromObject(recipe.metadata);
  check(await output.openOutput(), 'open the file');
  check(await output.writeHeader(Dictionary.fromObject(recipe.options)), 'write the header');
  if (picture !== null && pictureStream !== null) await encodePicture(recipe, picture, pictureStream, output);
  if (sound !== null && soundStream !== null) await encodeSound(recipe, sound, soundStream, output);
  check(await output.writeTrailer(), 'finish');
  await output.closeOutput();
  picture?.freeContext();
  sound?.freeContext();
  output.freeContext();
}

const place = { location: '+48.8584+002.2945/', title: 'At the tower' };
const film = { codec: 'libx264', width: 640, height: 360, blackFrames: 0, turned: false } as const;

export async function makeVideos(folder: string): Promise<void> {
  Log.setLevel(AV_LOG_ERROR);
  const video = join(folder, 'video.mp4');
  const base = { container: 'mp4', picture: film, sound: 'aac', seconds: 3, metadata: place, options: {} } as const;
  await makeVideo({ ...base, path: video });
  const whole = await readFile(video);
  await writeFile(join(folder, 'truncated.mp4'), whole.subarray(0, Math.round(whole.length * 0.6)));

  const faststart = join(folder, 'truncated-faststart.mp4');
  await makeVideo({ ...base, path: faststart, options: { movflags: '+faststart' } });
  const indexed = await readFile(faststart);
  await writeFile(faststart, indexed.subarray(0, Math.round(indexed.length * 0.6)));

  await makeVideo({ ...base, path: join(folder, 'sound-only.mp4'), picture: null, seconds: 1 });
  await makeVideo({
    path: join(folder, 'clip.mov'),
    container: 'mov',
    picture: { ...film, width: 480, height: 320, turned: true, blackFrames: 12 },
    sound: null,
    seconds: 2,
    metadata: {
      'com.apple.quicktime.location.ISO6709': place.location,
      'com.apple.quicktime.make': 'Posthaste Optics',
    },
    options: { movflags: '+use_metadata_tags' },
  });
  await makeVideo({
    path: join(folder, 'clip.webm'),
    container: 'webm',
    picture: { ...film, codec: 'libvpx-vp9', width: 320, height: 180 },
    sound: null,
    seconds: 1,
    metadata: { location: place.location },
    options: {},
  });
}
