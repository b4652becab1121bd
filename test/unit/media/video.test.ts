import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { FormatContext, Packet } from 'node-av/lib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { processMedia } from '../../../shared/media/process-media.ts';
import { corners } from '../../media/corners.ts';
import { bytesOf, cornerColours, fileOf, fixture, folder, processed, rendition, run } from './workshop.ts';

interface Container {
  readonly tags: Record<string, string>;
  readonly packets: number;
}

/** All tags of a container and its streams, and how many packets can be read to the end. */
async function contents(path: string): Promise<Container> {
  const input = new FormatContext();
  expect(await input.openInput(path)).toBe(0);
  await input.findStreamInfo();
  const tags = { ...input.metadata?.getAll() };
  for (const stream of input.streams) Object.assign(tags, stream.metadata?.getAll());
  const packet = new Packet();
  packet.alloc();
  let packets = 0;
  while ((await input.readFrame(packet)) >= 0) {
    packets += 1;
    packet.unref();
  }
  packet.free();
  await input.closeInput();
  return { tags, packets };
}

describe('a video as a phone writes it', () => {
  test('its facts are found', async () => {
    const result = await processed(fixture('video.mp4'), 'video/mp4');
    expect(result).toMatchObject({
      mediaKind: 'video',
      mimeType: 'video/mp4',
      width: 640,
      height: 360,
      fps: 25,
      videoCodec: 'h264',
      audioCodec: 'aac',
    });
    expect(Math.abs((result.durationS ?? 0) - 3)).toBeLessThan(0.1);
    const bitRate = ((await readFile(fixture('video.mp4'))).length * 8) / 3;
    expect(Math.abs((result.bitsPerSecond ?? 0) - bitRate)).toBeLessThan(bitRate * 0.05);
  });

  test('its poster is a JPEG of the right size with the picture on it, its thumbnail a WebP', async () => {
    const result = await processed(fixture('video.mp4'), 'video/mp4');
    const poster = rendition(result, 'poster');
    expect(await sharp(poster.path).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 360 });
    expect(await cornerColours(poster.path)).toEqual(corners);
    expect(await sharp(rendition(result, 'thumb').path).metadata()).toMatchObject({
      format: 'webp',
      width: 320,
      height: 180,
    });
  });

  test('the clean copy has every packet, no place and no title, and its index first', async () => {
    const before = await contents(fixture('video.mp4'));
    expect(before.tags).toMatchObject({ location: '+48.8584+002.2945/', title: 'At the tower' });
    const { path } = rendition(await processed(fixture('video.mp4')), 'original');
    const after = await contents(path);
    expect(after.packets).toBe(before.packets);
    expect(Object.keys(after.tags).sort()).toEqual([
      'compatible_brands',
      'handler_name',
      'language',
      'major_brand',
      'minor_version',
    ]);
    const bytes = await readFile(path);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    const source = await readFile(fixture('video.mp4'));
    for (const trace of ['loci', 'At the tower', 'Lavf']) {
      expect(source.includes(trace), trace).toBe(true);
      expect(bytes.includes(trace), trace).toBe(false);
    }
    // What was made goes through once more and says the same.
    expect(await processed(path)).toMatchObject({
      width: 640,
      height: 360,
      durationS: 3,
      videoCodec: 'h264',
      audioCodec: 'aac',
    });
  });

  test('a turned QuickTime film stands upright, its poster is not its black beginning, its place is gone', async () => {
    const result = await processed(fixture('clip.mov'), 'video/quicktime');
    expect(result).toMatchObject({ mimeType: 'video/quicktime', width: 320, height: 480, audioCodec: null });
    const poster = rendition(result, 'poster');
    expect([poster.width, poster.height]).toEqual([320, 480]);
    expect(await cornerColours(poster.path)).toEqual(corners);
    for (const bytes of await bytesOf(result)) {
      expect(bytes.includes('+48.8584')).toBe(false);
      expect(bytes.includes('Posthaste')).toBe(false);
    }
    // The copy keeps the turn that players need.
    expect(await processed(rendition(result, 'original').path)).toMatchObject({ width: 320, height: 480 });
  });

  test('a WebM is taken and loses its place', async () => {
    const result = await processed(fixture('clip.webm'), 'video/webm');
    expect(result).toMatchObject({ mimeType: 'video/webm', width: 320, height: 180, durationS: 1, videoCodec: 'vp9' });
    expect((await readFile(fixture('clip.webm'))).includes('+48.8584')).toBe(true);
    for (const bytes of await bytesOf(result)) expect(bytes.includes('+48.8584')).toBe(false);
  });

  test('a video that was sent as an image is what it is', async () => {
    expect(await processed(fixture('video.mp4'), 'image/jpeg')).toMatchObject({
      mediaKind: 'video',
      mimeType: 'video/mp4',
    });
  });
});

describe('a broken video fails with its reason', () => {
  test.each([
    [
      'cut before its index',
      'truncated.mp4',
      'truncated',
      'The MP4 video ends in the middle: the file is shorter than it says.',
    ],
    [
      'cut behind its index',
      'truncated-faststart.mp4',
      'truncated',
      'The MP4 video ends in the middle: the file is shorter than it says.',
    ],
    ['sound alone', 'sound-only.mp4', 'no_video', 'The file has no picture, only sound or data.'],
  ])('%s', async (_, name, code, reason) => {
    expect(await run(fixture(name), 'video/mp4')).toEqual({ kind: 'failed', code, reason });
  });

  test('cut exactly between its pictures and its index', async () => {
    const bytes = await readFile(fixture('video.mp4'));
    const result = await run(await fileOf(bytes.subarray(0, bytes.indexOf('moov') - 4)));
    expect(result).toMatchObject({ kind: 'failed', code: 'truncated' });
    expect(result).toHaveProperty('reason', 'The MP4 video has no readable index: it was cut off or is damaged.');
  });

  test('cut off although no size betrays it, noticed by the length that its index promises', async () => {
    const bytes = await readFile(fixture('truncated-faststart.mp4'));
    // A box of size 0 reaches to the end of the file, wherever that is.
    bytes.writeUInt32BE(0, bytes.indexOf('mdat') - 4);
    const result = await run(await fileOf(bytes));
    expect(result).toMatchObject({ kind: 'failed', code: 'truncated' });
    expect(result).toHaveProperty(
      'reason',
      expect.stringMatching(/^The MP4 video (should last 3\.0 s but ends after|ends in the middle, at) [12]\.\d s\.$/),
    );
  });

  test('a WebM that is cut off', async () => {
    const bytes = await readFile(fixture('clip.webm'));
    const result = await run(await fileOf(bytes.subarray(0, Math.round(bytes.length * 0.6))));
    expect(result).toMatchObject({ kind: 'failed', code: 'truncated' });
  });

  test('an index in order over pictures that are noise', async () => {
    const bytes = await readFile(fixture('video.mp4'));
    const start = bytes.indexOf('mdat') + 4;
    for (let at = start; at < bytes.indexOf('moov') - 4; at += 1) bytes[at] = (at * 7919) & 255;
    const result = await run(await fileOf(bytes));
    expect(result).toEqual({
      kind: 'failed',
      code: 'damaged',
      reason: 'The pictures of the MP4 video cannot be decoded.',
    });
  });

  test('editors may leave a few bytes behind the last box', async () => {
    const bytes = await readFile(fixture('video.mp4'));
    const padded = Buffer.concat([bytes, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]);
    expect(await run(await fileOf(padded))).toMatchObject({ kind: 'processed', durationS: 3 });
  });
});

describe('being a good guest in a worker', () => {
  test('an abort is thrown, since it says nothing about the file', async () => {
    const aborted = AbortSignal.abort(new Error('time is up'));
    const source = { path: fixture('video.mp4'), declaredMimeType: 'video/mp4', outDir: await folder() };
    await expect(processMedia({ ...source, signal: aborted })).rejects.toThrow('time is up');
    const late = new AbortController();
    const running = processMedia({ ...source, signal: late.signal });
    setTimeout(() => late.abort(new Error('time is up')), 1);
    await expect(running).rejects.toThrow('time is up');
  });

  test('a file that is not there or a folder that is missing is thrown too', async () => {
    const source = { path: fixture('video.mp4'), declaredMimeType: 'video/mp4', outDir: '/nowhere/at/all' };
    await expect(processMedia(source)).rejects.toThrow();
    await expect(processMedia({ ...source, path: fixture('camera.jpg') })).rejects.toThrow();
    await expect(processMedia({ ...source, path: fixture('absent.jpg') })).rejects.toThrow('ENOENT');
  });

  test('importing loads no native code; after work the process ends by itself and writes nothing', async () => {
    const module = JSON.stringify(new URL('../../../shared/media/process-media.ts', import.meta.url).href);
    const native = 'process.report.getReport().sharedObjects.filter((path) => /sharp|node-av/.test(path)).length';
    const script = `
      const { processMedia } = await import(${module});
      const before = ${native};
      const result = await processMedia(JSON.parse(process.argv[1]));
      console.log(JSON.stringify([before, result.kind, ${native} > 0]));`;
    const source = JSON.stringify({
      path: fixture('clip.mov'),
      declaredMimeType: 'video/quicktime',
      outDir: await folder(),
    });
    const child = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, source], {
      timeout: 20_000,
    });
    expect(JSON.parse(child.stdout)).toEqual([0, 'processed', true]);
    expect(child.stderr).toBe('');
  });
});
