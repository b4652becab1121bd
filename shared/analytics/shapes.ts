/** Numbers of a post as callers see them. Null: the platform does not tell. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { PlatformName, PublicationState } from '../posts/shapes.ts';

const total = z.int().nullable();

const Numbers = z.object({ likes: total, comments: total, shares: total, views: total });

export const Snapshot = Numbers.extend({
  fetchedAt: instant,
  source: z.enum(['poll', 'refresh']),
  impressions: total,
  reach: total,
  saves: total,
  clicks: total,
}).meta({
  id: 'Snapshot',
  description: 'What the platform reported at `fetchedAt`; all metrics are totals since publication.',
});

export const PostAnalytics = z
  .object({
    postId: id,
    requestedAt: instant.nullable().describe('When a refresh was last requested.'),
    totals: Numbers.describe('Totals of what the platforms report.'),
    publications: z.array(
      Numbers.extend({
        publicationId: id,
        accountId: id,
        platform: PlatformName,
        handle: z.string(),
        state: PublicationState,
        url: z.string().nullable(),
        publishedAt: instant.nullable(),
        metricsAt: instant.nullable().describe('When these metrics were fetched.'),
        history: z.array(Snapshot).describe('The newest 200, oldest first.'),
      }),
    ),
  })
  .meta({ id: 'PostAnalytics' });

export const RefreshAccepted = z.object({ postId: id, requestedAt: instant, publications: z.array(id) }).meta({
  id: 'RefreshAccepted',
  description: 'The new metrics are available once `metricsAt` is later than `requestedAt`.',
});
