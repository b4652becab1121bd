import type { Capabilities } from '../connector.ts';

export const capabilities: Capabilities = {
  displayName: 'Threads',
  text: { max: 500, maxBytes: null, unit: 'threads_chars', urlWeight: null },
  media: {
    maxItems: 20,
    maxImages: 20,
    maxVideos: 20,
    mixImagesAndVideo: true,
    required: false,
    // Widths are scaled into 320–1440 px by the platform; only the upper aspect bound is published.
    image: { mimeTypes: ['image/jpeg', 'image/png'], maxBytes: 8_000_000, maxAspect: 10 },
    video: {
      mimeTypes: ['video/mp4', 'video/quicktime'],
      maxBytes: 1_000_000_000,
      maxDurationS: 300,
      maxWidth: 1920,
      minAspect: 0.01,
      maxAspect: 10,
      videoCodecs: ['h264', 'hevc'],
    },
    altTextMax: 1000,
  },
  maxLinks: 5,
  maxHashtags: null,
  connect: 'oauth',
  perAccountOrigin: false,
  postsPerDay: 250,
  metrics: ['likes', 'comments', 'shares', 'views', 'impressions'],
  publishing: {
    prepareAheadS: 900,
    commitTimeoutS: 20,
    evidence: 'immediate',
    reconcile: 'look',
    // The container's state is the proof: one container publishes once.
    absentAfterLooks: 2,
    absentAfterS: 60,
    // Containers expire after 24 hours; an hour is kept in hand.
    preparedTtlS: 82_800,
  },
};

export const version = 'v1.0';
export const scopes = [
  'threads_basic',
  'threads_content_publish',
  'threads_manage_insights',
  'threads_delete',
] as const;
