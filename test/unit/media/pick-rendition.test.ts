import { describe, expect, test } from 'vitest';
import { pickRendition } from '../../../shared/media/pick-rendition.ts';
import { connectorOf } from '../../../shared/platforms/registry.ts';

const bluesky = connectorOf('bluesky').capabilities;
const mastodon = connectorOf('mastodon').capabilities;

const original = { name: 'original', mimeType: 'image/jpeg', bytes: 400_000, width: 4000, height: 3000 };
const preview = { name: 'preview', mimeType: 'image/jpeg', bytes: 250_000, width: 1280, height: 960 };
const thumb = { name: 'thumb', mimeType: 'image/webp', bytes: 9_000, width: 320, height: 240 };
const all = (change: Partial<typeof original>) => [thumb, preview, { ...original, ...change }];

describe('what a platform gets of an image', () => {
  test.each([
    ['the original, where it is taken', {}, 'original'],
    ['the preview, where the original has too many bytes', { bytes: 3_000_000 }, 'preview'],
    ['the preview, where the original is of a type that is not taken', { mimeType: 'image/avif' }, 'preview'],
  ])('is %s', (_name, change, expected) => {
    expect(pickRendition('image', all(change), bluesky)?.name).toBe(expected);
  });

  test('depends on the platform', () => {
    expect(pickRendition('image', all({ bytes: 3_000_000 }), mastodon)?.name).toBe('original');
    expect(pickRendition('image', all({ width: 9000, height: 9000 }), mastodon)?.name).toBe('preview');
  });

  test('is the original again where nothing is taken, so that the refusal speaks of it', () => {
    const renditions = [
      { ...preview, bytes: 2_000_000 },
      { ...original, bytes: 3_000_000 },
    ];
    expect(pickRendition('image', renditions, bluesky)?.name).toBe('original');
  });

  test('is nothing while there is no original', () => {
    expect(pickRendition('image', [preview], bluesky)).toBeNull();
  });
});

test('a video is never replaced by its poster', () => {
  const poster = { ...preview, name: 'poster' };
  const video = { ...original, mimeType: 'video/webm' };
  expect(pickRendition('video', [poster, video], bluesky)?.name).toBe('original');
});
