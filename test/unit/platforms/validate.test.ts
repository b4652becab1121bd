import { describe, expect, it } from 'vitest';
import type { PlatformName } from '../../../shared/platforms/connector.ts';
import { connectorOf, connectors } from '../../../shared/platforms/registry.ts';
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
});
