import { describe, expect, it } from 'vitest';
import type { PlatformName } from '../../../shared/platforms/connector.ts';
import { sameText } from '../../../shared/platforms/match.ts';
import { connectorOf, connectors } from '../../../shared/platforms/registry.ts';
import { findHandles, findHashtags } from '../../../shared/platforms/text.ts';
import type { MediaToCheck } from '../../../shared/platforms/validate.ts';
import { validateDraft } from '../../../shared/platforms/validate.ts';

const photo: MediaToCheck = {
  kind: 'image',
  mimeType: 'image/jpeg',
  bytes: 500_000,
  width: 1200,
  height: 900,
  durationS: null,
  altText: 'A bridge',
};
const video: MediaToCheck = {
  kind: 'video',
  mimeType: 'video/mp4',
  bytes: 5_000_000,
  width: 1280,
  height: 720,
  durationS: 12,
  altText: null,
  videoCodec: 'h264',
};

function codes(
  platform: PlatformName,
  draft: { text?: string; media?: MediaToCheck[]; options?: Record<string, unknown> },
) {
  const violations = validateDraft(connectorOf(platform), { text: 'Hello', media: [], options: {}, ...draft });
  return violations.map(({ pointer, code }) => `${pointer} ${code}`);
}

describe('a draft', () => {
  it.each(Object.entries(connectors))('of a text, a photo or a video may go to %s', (name, { name: platform }) => {
    expect(platform).toBe(name);
    expect(codes(platform, { text: 'Hello' })).toEqual([]);
    expect(codes(platform, { media: [photo] })).toEqual([]);
    expect(codes(platform, { text: '', media: [video] })).toEqual([]);
    expect(codes(platform, { text: ' \n' })).toEqual(['/text post_empty']);
  });

  it('may be as long as the platform allows, in the platform’s own unit', () => {
    expect(codes('bluesky', { text: '👨‍👩‍👧‍👦'.repeat(120) })).toEqual([]);
    expect(codes('bluesky', { text: 'x'.repeat(301) })).toEqual(['/text text_too_long']);
    expect(codes('bluesky', { text: '👨‍👩‍👧‍👦'.repeat(130) })).toEqual(['/text text_too_many_bytes']);
    expect(codes('mastodon', { text: `${'x'.repeat(476)} https://example.com/${'y'.repeat(90)}` })).toEqual([]);
    expect(codes('mastodon', { text: 'x'.repeat(501) })).toEqual(['/text text_too_long']);
    expect(codes('threads', { text: '😀'.repeat(125) })).toEqual([]);
    expect(codes('threads', { text: '😀'.repeat(126) })).toEqual(['/text text_too_long']);
  });

  it('names limit and actual length', () => {
    const [violation] = validateDraft(connectors.bluesky, { text: 'x'.repeat(305), media: [], options: {} });
    expect(violation).toMatchObject({ pointer: '/text', code: 'text_too_long', limit: 300, actual: 305 });
  });

  it('may hold as many links as the platform allows, each counted once', () => {
    const links = (n: number) => Array.from({ length: n }, (_, i) => `https://x.example/${i}`).join(' ');
    expect(codes('threads', { text: links(6) })).toEqual(['/text too_many_links']);
    expect(codes('threads', { text: `${links(5)} https://x.example/0` })).toEqual([]);
  });

  it('may hold the media that the platform takes together', () => {
    expect(codes('bluesky', { media: [photo, photo, photo, photo, photo] })).toContain('/media too_many_media');
    expect(codes('bluesky', { media: [photo, video] })).toEqual(['/media media_mixed']);
    expect(codes('mastodon', { media: [video, video] })).toEqual(['/media too_many_videos']);
    expect(codes('threads', { media: [photo, video, photo] })).toEqual([]);
    expect(codes('community', { media: [photo, video] })).toEqual([]);
  });

  it('may hold only files that the platform takes', () => {
    expect(codes('threads', { media: [{ ...photo, mimeType: 'image/webp' }] })).toEqual(['/media/0 media_type']);
    expect(codes('bluesky', { media: [photo, { ...photo, bytes: 1_000_001 }] })).toEqual(['/media/1 media_too_large']);
    expect(codes('threads', { media: [{ ...photo, width: 3000, height: 200 }] })).toEqual(['/media/0 media_aspect']);
    expect(codes('threads', { media: [{ ...video, durationS: 301 }] })).toEqual(['/media/0 video_too_long']);
    expect(codes('threads', { media: [{ ...video, videoCodec: 'vp9' }] })).toEqual(['/media/0 video_codec']);
    expect(codes('threads', { media: [{ ...video, width: 2000 }] })).toEqual(['/media/0 media_too_wide']);
    expect(codes('mastodon', { media: [{ ...photo, width: 8000, height: 8000 }] })).toEqual([
      '/media/0 media_too_many_pixels',
    ]);
    expect(codes('mastodon', { media: [{ ...photo, altText: 'x'.repeat(1501) }] })).toEqual([
      '/media/0/altText alt_text_too_long',
    ]);
  });

  it('may carry only options that the platform knows how to read', () => {
    expect(codes('mastodon', { options: { visibility: 'friends' } })).toEqual(['/options/visibility option_invalid']);
    expect(codes('mastodon', { text: 'x'.repeat(490), options: { spoilerText: 'food and drink' } })).toEqual([
      '/options/spoilerText text_too_long',
    ]);
    expect(codes('threads', { options: { topicTag: 'a.b' } })).toEqual(['/options/topicTag option_invalid']);
    expect(codes('bluesky', { options: { langs: ['en', 'pt-BR'] } })).toEqual([]);
    expect(codes('community', { options: { visibility: 'secret' } })).toEqual(['/options/visibility option_invalid']);
  });

  it.each(Object.values(connectors))('may carry no option that $name does not know', ({ name }) => {
    expect(codes(name, { options: { visibilty: 'private', 'a/b': 1 } })).toEqual([
      '/options/visibilty option_invalid',
      '/options/a~1b option_invalid',
    ]);
  });
});

/** Each would take a scanner that goes back, or looks again, seconds to hours. */
const hostile = {
  'brackets after a link': `https://a${')'.repeat(99_000)}`,
  'dots after a link': `https://a${'.'.repeat(99_000)}`,
  'brackets and dots': `https://a${').'.repeat(49_000)}`,
  'a mention without an end': `@${'a'.repeat(99_000)}`,
  'a mention of dots': `@a${'.'.repeat(99_000)}`,
  'mentions of labels': `@${'a.'.repeat(49_000)}@`,
  'mentions in a row': '@a@'.repeat(33_000),
  'mentions without a space': '-@a-'.repeat(25_000),
  'a host without an end': `@a@${'a-'.repeat(49_000)}`,
  'many links': 'https://a '.repeat(10_000),
  'links and tags': 'https://a #b @c.d '.repeat(5_500),
  'schemes in a row': 'https://'.repeat(12_000),
  'a tag of digits': `#${'1'.repeat(99_000)}`,
  'tags in a row': '#1 '.repeat(33_000),
  'signs of tags': '#'.repeat(99_000),
  'marks on one letter': `a${'\u0301'.repeat(99_000)}`,
  flags: '🇩'.repeat(49_000),
  families: '👨‍'.repeat(33_000),
  'plain words': 'word '.repeat(20_000),
};
const hardest = Object.entries(hostile).flatMap(([kind, text]) =>
  Object.values(connectors).map(({ name }) => ({ kind, text, name })),
);

describe('a text that is written against us', () => {
  it.each(hardest)('$kind: is checked for $name at once', ({ text, name }) => {
    const before = performance.now();
    const found = codes(name, { text, options: name === 'mastodon' ? { spoilerText: text } : {} });
    expect(findHandles(text).length + findHashtags(text).length).toBeLessThanOrEqual(text.length);
    expect(sameText(text, `${text}!`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(10_000);
    if (name === 'threads') expect(found).toContain('/text text_too_long');
    if (name === 'bluesky') expect(found).toContain('/text text_too_many_bytes');
  });

  it('is measured in code points, and not searched, when it is far too long', () => {
    const text = 'https://a.example/#b '.repeat(200);
    const violations = validateDraft(connectors.threads, { text, media: [], options: {} });
    expect(violations).toMatchObject([{ code: 'text_too_long', limit: 500, actual: text.length }]);
  });
});
