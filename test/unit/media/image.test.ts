import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { corners } from '../../media/corners.ts';
import { bytesOf, cornerColours, fileOf, fixture, processed, rendition, run } from './workshop.ts';

describe('a photo as a camera writes it', () => {
  test('the test photo really lies on its side and carries a place', async () => {
    const metadata = await sharp(fixture('camera.jpg')).metadata();
    expect([metadata.width, metadata.height, metadata.orientation]).toEqual([1600, 1200, 6]);
    expect(metadata.exif?.includes('Posthaste Optics')).toBe(true);
    expect(metadata.xmpAsString).toContain('exif:GPSLatitude');
    expect(await cornerColours(fixture('camera.jpg'))).not.toEqual(corners);
  });

  test('stands upright in every rendition, also for a viewer that knows no EXIF', async () => {
    const result = await processed(fixture('camera.jpg'));
    expect(result).toMatchObject({
      mediaKind: 'image',
      mimeType: 'image/jpeg',
      width: 1200,
      height: 1600,
      durationS: null,
    });
    expect(result.renditions.map(({ name, mimeType, width, height }) => [name, mimeType, width, height])).toEqual([
      ['original', 'image/jpeg', 1200, 1600],
      ['preview', 'image/jpeg', 960, 1280],
      ['thumb', 'image/webp', 240, 320],
    ]);
    for (const { path } of result.renditions) expect(await cornerColours(path)).toEqual(corners);
  });

  test('leaves no trace of camera, place or comment in any byte', async () => {
    const before = await readFile(fixture('camera.jpg'));
    const traces = ['Exif', 'GPS', 'Posthaste', 'Test Camera', 'xmp', 'rdf:', '48.85', '2026:05:17'];
    for (const trace of traces) expect(before.includes(trace), trace).toBe(true);
    const result = await processed(fixture('camera.jpg'));
    for (const bytes of await bytesOf(result)) {
      for (const trace of traces) expect(bytes.includes(trace), trace).toBe(false);
      const metadata = await sharp(bytes).metadata();
      expect(metadata).not.toHaveProperty('exif');
      expect(metadata).not.toHaveProperty('xmp');
      expect(metadata).not.toHaveProperty('iptc');
      expect(metadata).not.toHaveProperty('orientation');
    }
  });

  test('bytes and SHA-256 are those of the written files', async () => {
    for (const file of (await processed(fixture('camera.jpg'))).renditions) {
      const content = await readFile(file.path);
      expect(file.bytes).toBe(content.length);
      expect(file.sha256).toBe(createHash('sha256').update(content).digest('hex'));
      const { width, height } = await sharp(content).metadata();
      expect([file.width, file.height]).toEqual([width, height]);
    }
  });
});

describe('other images', () => {
  test('a PNG keeps its transparency, its preview is laid on white', async () => {
    const result = await processed(fixture('photo.png'));
    expect(result).toMatchObject({ mimeType: 'image/png', width: 800, height: 600 });
    expect((await sharp(rendition(result, 'original').path).metadata()).hasAlpha).toBe(true);
    expect((await sharp(rendition(result, 'thumb').path).metadata()).hasAlpha).toBe(true);
    const preview = await sharp(rendition(result, 'preview').path).raw().toBuffer();
    // A point between the upper corner marks, where the PNG is transparent.
    const at = (10 * 800 + 400) * 3;
    for (const channel of preview.subarray(at, at + 3)) expect(channel).toBeGreaterThan(250);
  });

  test('a small image is not enlarged', async () => {
    const result = await processed(await fileOf(await sharp(fixture('photo.png')).resize(100, 75).webp().toBuffer()));
    expect(result.mimeType).toBe('image/webp');
    expect(result.renditions.map(({ width, height }) => [width, height])).toEqual([
      [100, 75],
      [100, 75],
      [100, 75],
    ]);
  });

  test.each(['gif', 'webp'] as const)('an animated %s stays animated, its preview is one frame', async (format) => {
    const bytes = await sharp(fixture('animated.gif'), { animated: true }).toFormat(format).toBuffer();
    const result = await processed(await fileOf(bytes));
    expect(result).toMatchObject({ mimeType: `image/${format}`, width: 120, height: 80, durationS: 0.6 });
    const original = await sharp(rendition(result, 'original').path).metadata();
    expect([original.pages, original.delay]).toEqual([3, [200, 200, 200]]);
    expect(rendition(result, 'preview')).toMatchObject({ mimeType: 'image/jpeg', width: 120, height: 80 });
  });

  test('an AVIF is taken', async () => {
    const bytes = await sharp(fixture('photo.png')).resize(200).avif({ effort: 0 }).toBuffer();
    expect(await processed(await fileOf(bytes))).toMatchObject({ mimeType: 'image/avif', width: 200, height: 150 });
  });

  test('colours of a wide gamut are converted, since the profile is dropped', async () => {
    const red = { create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 100, b: 100 } } } as const;
    const wide = await sharp(red).png().withIccProfile('p3', { attach: true }).toBuffer();
    const raw = async (input: string | Buffer) => [
      ...(await sharp(input).removeAlpha().raw().toBuffer()).subarray(0, 3),
    ];
    const result = await processed(await fileOf(wide));
    const original = rendition(result, 'original').path;
    expect(await sharp(original).metadata()).toMatchObject({ space: 'srgb', hasProfile: false });
    for (const [index, channel] of (await raw(original)).entries()) {
      expect(Math.abs(channel - ([200, 100, 100][index] ?? 0)), `channel ${index}`).toBeLessThanOrEqual(3);
    }
  });
});

describe('a broken or foreign file fails with its reason', () => {
  test.each([
    ['a JPEG that is cut off', 'truncated.jpg', 'truncated', 'The JPEG ends in the middle.'],
    [
      'a text with an image name',
      'not-an-image.jpg',
      'unsupported_type',
      'The file is not an image or video that we know: its content is text/plain, although it was sent as image/jpeg.',
    ],
  ])('%s', async (_, name, code, reason) => {
    expect(await run(fixture(name))).toEqual({ kind: 'failed', code, reason });
  });

  test.each(['png', 'webp', 'gif', 'avif'] as const)('a %s that is cut off', async (format) => {
    const whole = await sharp(fixture('camera.jpg')).resize(400).toFormat(format).toBuffer();
    expect(await run(await fileOf(whole))).toMatchObject({ kind: 'processed' });
    const result = await run(await fileOf(whole.subarray(0, Math.round(whole.length * 0.6))));
    expect(result).toMatchObject({ kind: 'failed', code: 'truncated' });
  });

  test('an empty file, noise, a PDF', async () => {
    expect(await run(await fileOf(''))).toEqual({ kind: 'failed', code: 'empty', reason: 'The file is empty.' });
    const noise = createHash('sha512').update('noise').digest();
    expect(await run(await fileOf(noise))).toHaveProperty('code', 'unsupported_type');
    const pdf = await run(await fileOf('%PDF-1.7\n%âãÏÓ\n'), 'application/pdf');
    expect(pdf).toHaveProperty(
      'reason',
      'The file is not an image or video that we know: its content is application/pdf.',
    );
  });

  test('an image whose pixels are overwritten', async () => {
    const bytes = await sharp(fixture('photo.png')).png().toBuffer();
    const middle = Math.round(bytes.length / 2);
    bytes.fill(0x5a, middle, middle + 200);
    expect(await run(await fileOf(bytes))).toMatchObject({ kind: 'failed', code: 'damaged' });
  });

  test('900 million pixels in a small file are refused at once, without decoding them', async () => {
    await run(fixture('not-an-image.jpg'));
    const memoryBefore = process.memoryUsage().rss;
    const startedMs = performance.now();
    const result = await run(fixture('bomb.png'));
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(300 * 1024 * 1024);
    expect(result).toMatchObject({ kind: 'failed', code: 'too_many_pixels' });
    expect(result).toHaveProperty('reason', expect.stringContaining('30000 × 30000 pixels'));
  });

  test('a picture or an animation of too many pixels on sides that would do is refused by their product', async () => {
    const png = await readFile(fixture('bomb.png'));
    png.writeUInt32BE(12_000, 16);
    png.writeUInt32BE(9_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    expect(await run(await fileOf(png))).toMatchObject({ kind: 'failed', code: 'too_many_pixels' });
    const gif = await readFile(fixture('animated.gif'));
    // Screen and every frame (0x2c, left, top, width, height) are said to be larger than they are.
    const size = Buffer.from([120, 0, 80, 0]);
    for (let at = gif.indexOf(size); at !== -1; at = gif.indexOf(size, at)) {
      gif.writeUInt16LE(8_000, at);
      gif.writeUInt16LE(6_000, at + 2);
    }
    const result = await run(await fileOf(gif));
    expect(result).toMatchObject({ kind: 'failed', code: 'too_many_pixels' });
    expect(result).toHaveProperty('reason', expect.stringContaining('8000 × 6000 pixels in 3 frames'));
  });
});
