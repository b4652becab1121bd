/** Platforms and their capabilities as callers see them. */
import { z } from 'zod';
import { PlatformName } from '../posts/shapes.ts';
import { connectors } from './registry.ts';
import { withLimits } from './with-limits.ts';

const MediaLimit = z
  .object({
    mimeTypes: z.array(z.string()),
    maxBytes: z.int(),
    maxDurationS: z.number().optional(),
    minWidth: z.int().optional(),
    maxWidth: z.int().optional(),
    maxPixels: z.int().optional(),
    minAspect: z.number().optional().describe('Width divided by height.'),
    maxAspect: z.number().optional(),
    videoCodecs: z.array(z.string()).optional(),
  })
  .meta({ id: 'MediaLimit' });

export const Platform = z
  .object({
    name: PlatformName,
    enabled: z.boolean(),
    displayName: z.string(),
    connect: z.enum(['oauth', 'app-password', 'none']),
    perAccountOrigin: z.boolean().describe('Each account names its own server.'),
    text: z.object({
      max: z.int(),
      maxBytes: z.int().nullable(),
      unit: z.enum(['characters', 'graphemes', 'threads_chars']),
      urlWeight: z.int().nullable().describe('Length that every link counts as; null: its actual length.'),
      mentionsWithoutHost: z.literal(true).optional(),
    }),
    media: z.object({
      maxItems: z.int(),
      maxImages: z.int(),
      maxVideos: z.int(),
      mixImagesAndVideo: z.boolean(),
      required: z.boolean(),
      image: MediaLimit.nullable(),
      video: MediaLimit.nullable(),
      altTextMax: z.int().nullable(),
    }),
    maxLinks: z.int().nullable(),
    maxHashtags: z.int().nullable(),
    postsPerDay: z.int().nullable().describe('Per account, in any 24 hours.'),
    metrics: z.array(z.enum(['likes', 'comments', 'shares', 'views', 'impressions', 'reach', 'saves', 'clicks'])),
    evidence: z.enum(['immediate', 'late', 'none']).describe('When the id and URL of a published post become known.'),
  })
  .meta({ id: 'Platform' });

/** The platforms that are in the table and have a connector. */
export function describePlatforms(rows: readonly PlatformRow[]) {
  return Object.values(connectors).flatMap((connector) => {
    const row = rows.find((candidate) => candidate.name === connector.name);
    if (row === undefined) return [];
    const { name, capabilities } = withLimits(connector, row.limits);
    const { evidence } = capabilities.publishing;
    return [Platform.parse({ name, enabled: row.enabled, ...capabilities, evidence })];
  });
}

interface PlatformRow {
  readonly name: string;
  readonly enabled: boolean;
  readonly limits: Readonly<Record<string, unknown>>;
}
