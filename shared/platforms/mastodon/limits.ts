import type { Capabilities } from '../connector.ts';

/** Defaults of the reference server; an instance may allow more and says so at /api/v2/instance. */
export const capabilities: Capabilities = {
  displayName: 'Mastodon',
  text: { max: 500, maxBytes: null, unit: 'graphemes', urlWeight: 23, mentionsWithoutHost: true },
  media: {
    maxItems: 4,
    maxImages: 4,
    maxVideos: 1,
    mixImagesAndVideo: false,
    required: false,
    image: {
      mimeTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif', 'image/avif'],
      maxBytes: 16_777_216,
      maxPixels: 33_177_600,
    },
    video: {
      mimeTypes: ['video/mp4', 'video/webm', 'video/quicktime'],
      maxBytes: 103_809_024,
      maxPixels: 8_294_400,
    },
    altTextMax: 1500,
  },
  maxLinks: null,
  maxHashtags: null,
  connect: 'oauth',
  perAccountOrigin: true,
  postsPerDay: null,
  metrics: ['likes', 'comments', 'shares'],
  publishing: {
    prepareAheadS: 900,
    commitTimeoutS: 15,
    evidence: 'immediate',
    reconcile: 'look',
    // A late first request and a repeated one carry the same Idempotency-Key, which the server keeps for an hour.
    absentAfterLooks: 2,
    absentAfterS: 30,
    // Media that no status took are swept after a day or later.
    preparedTtlS: 21_600,
  },
};

export const scopes = ['profile', 'read:statuses', 'write:statuses', 'write:media'] as const;
