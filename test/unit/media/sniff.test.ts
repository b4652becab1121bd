import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sniff } from '../../../shared/media/sniff.ts';
import { fixture } from './workshop.ts';

test.each([
  ['camera.jpg', 'image', 'image/jpeg'],
  ['photo.png', 'image', 'image/png'],
  ['animated.gif', 'image', 'image/gif'],
  ['video.mp4', 'video', 'video/mp4'],
  ['clip.mov', 'video', 'video/quicktime'],
  ['clip.webm', 'video', 'video/webm'],
  ['not-an-image.jpg', 'other', 'text/plain'],
])('%s is known by its content', async (name, kind, mimeType) => {
  expect(await sniff(await readFile(fixture(name)))).toEqual({ kind, mimeType });
});

test.each([
  ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'text/plain'],
  ['a page', '<!doctype html><script>alert(1)</script>', 'text/plain'],
  ['a PDF', '%PDF-1.7\n', 'application/pdf'],
])('%s is no image', async (_, text, mimeType) => {
  expect(await sniff(Buffer.from(text))).toEqual({ kind: 'other', mimeType });
});

test('a long text is a text also where the head ends inside a character', async () => {
  const text = Buffer.from(`a${'ü'.repeat(40_000)}`).subarray(0, 64 * 1024);
  expect(await sniff(text)).toEqual({ kind: 'other', mimeType: 'text/plain' });
});

test('a film of an Apple device under its own brand is an MP4; nothing is nothing', async () => {
  const bytes = Buffer.from(await readFile(fixture('video.mp4')));
  bytes.write('M4V ', 8, 'latin1');
  expect(await sniff(bytes)).toEqual({ kind: 'video', mimeType: 'video/mp4' });
  expect(await sniff(new Uint8Array())).toEqual({ kind: 'empty' });
});
