import type { Capabilities } from '../connector.ts';

export const capabilities: Capabilities = {
  displayName: 'Bluesky',
  text: { max: 300, maxBytes: 3000, unit: 'graphemes', urlWeight: null },
  media: {
    maxItems: 4,
    maxImages: 4,
    maxVideos: 1,
    mixImagesAndVideo: false,
    required: false,
    // 2,000,000 since the lexicon of August 2026; a server of the account's own may be older and refuse the post.
    image: { mimeTypes: ['image/jpeg', 'image/png', 'image/webp'], maxBytes: 1_000_000 },
    // 300,000,000 since the lexicon of August 2026; see above.
    video: { mimeTypes: ['video/mp4'], maxBytes: 100_000_000, maxDurationS: 180 },
    // The lexicon has no limit; the app stops here.
    altTextMax: 2000,
  },
  maxLinks: null,
  maxHashtags: null,
  connect: 'app-password',
  perAccountOrigin: true,
  // 35,000 write points a day, three for each record.
  postsPerDay: 11_666,
  metrics: ['likes', 'comments', 'shares', 'saves'],
  publishing: {
    prepareAheadS: 900,
    commitTimeoutS: 15,
    evidence: 'immediate',
    reconcile: 'look',
    // The record key is our own: a late first write and a second one cannot both succeed.
    absentAfterLooks: 1,
    absentAfterS: 10,
    // Blobs that no record refers to are collected after some hours.
    preparedTtlS: 3600,
  },
};

export const collection = 'app.bsky.feed.post';
export const publicAppView = 'https://public.api.bsky.app';
export const publicVideoService = 'https://video.bsky.app';
export const maxLanguages = 3;
