/** Platforms that the database knows, by import or by plan, and that nothing here can publish to: every step says so. */
import type { Capabilities, Connector, PlatformName } from './connector.ts';
import { failed } from './failures.ts';

const displayNames: Partial<Record<PlatformName, string>> = {
  instagram: 'Instagram',
  facebook: 'Facebook',
  twitter: 'X',
  linkedin: 'LinkedIn',
  tiktok: 'TikTok',
  youtube: 'YouTube',
};

/** A connector that takes nothing. Its amounts bind nobody: `validate` refuses whatever is asked. */
export function notYet(name: PlatformName): Connector {
  const displayName = displayNames[name] ?? name;
  const message = `Publishing to ${displayName} is not offered yet.`;
  const refused = failed('invalid-content', 'platform_not_supported', message);
  return {
    name,
    capabilities: { ...nothing, displayName },
    validate: () => [{ pointer: '', code: 'platform_not_supported', message }],
    prepare: async () => refused,
    commit: async () => refused,
    confirm: async () => refused,
    reconcile: async () => ({ kind: 'cannot-tell', message }),
    metrics: async () => refused,
  };
}

const anyMedia = { mimeTypes: [], maxBytes: Number.MAX_SAFE_INTEGER };
const nothing: Omit<Capabilities, 'displayName'> = {
  text: { max: Number.MAX_SAFE_INTEGER, maxBytes: null, unit: 'characters', urlWeight: null },
  media: {
    maxItems: 100,
    maxImages: 100,
    maxVideos: 100,
    mixImagesAndVideo: true,
    required: false,
    image: anyMedia,
    video: anyMedia,
    altTextMax: null,
  },
  maxLinks: null,
  maxHashtags: null,
  connect: 'none',
  perAccountOrigin: false,
  postsPerDay: null,
  metrics: [],
  publishing: {
    prepareAheadS: 0,
    commitTimeoutS: 10,
    evidence: 'none',
    reconcile: 'none',
    absentAfterLooks: 1,
    absentAfterS: 0,
    preparedTtlS: null,
  },
};
