/** Content as callers see it. */
import { z } from 'zod';
import { PublicationState } from '../posts/shapes.ts';

export const ContentStatus = z
  .enum(['draft', 'active', 'scheduled', 'published', 'archived'])
  .meta({ id: 'ContentStatus' });

export const ContentType = z
  .enum(['text', 'image', 'video', 'audio', 'carousel', 'story', 'reel', 'short', 'mixed'])
  .meta({ id: 'ContentType' });

/** A name of a platform that content may be meant for, whether or not it can be published to yet. */
export const meantPlatform = z.string().min(1).max(50);

export const ContentSummary = z
  .object({
    id: z.uuid(),
    projectId: z.uuid(),
    createdBy: z.uuid().nullable(),
    title: z.string(),
    excerpt: z.string().describe('The first 280 characters of description or body.'),
    contentType: ContentType,
    status: ContentStatus,
    platform: z.string().nullable(),
    language: z.string().nullable(),
    tags: z.array(z.string()),
    aiGenerated: z.boolean(),
    scheduledAt: z.string().nullable(),
    publishedAt: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    version: z.number().int(),
  })
  .meta({ id: 'ContentSummary' });

export const Content = ContentSummary.omit({ excerpt: true })
  .extend({
    description: z.string().nullable(),
    body: z.string(),
    script: z.string().nullable(),
    tone: z.string().nullable(),
    hashtags: z.array(z.string()).describe('As found in the text, in lower case and without the `#`.'),
    thumbnailMediaId: z.uuid().nullable(),
    thumbnailUrl: z.string().nullable(),
    videoMediaId: z.uuid().nullable(),
    videoUrl: z.string().nullable(),
    externalId: z.string().nullable(),
    metadata: z.unknown(),
    likes: z
      .number()
      .int()
      .describe('Total over the posts made from it and from clips of its video, like the other metrics.'),
    comments: z.number().int(),
    shares: z.number().int(),
    views: z.number().int(),
    metricsAt: z.string().nullable().describe('When the metrics were last fetched.'),
    publications: z
      .array(
        z.object({
          id: z.uuid(),
          postId: z.uuid(),
          platform: z.string(),
          platformName: z.string(),
          state: PublicationState,
          url: z.string().nullable(),
          publishedAt: z.string().nullable(),
        }),
      )
      .describe('Where its posts were published, newest first, at most 200.'),
  })
  .meta({ id: 'Content' });

export const ContentTitle = z
  .object({ id: z.uuid(), projectId: z.uuid(), title: z.string(), createdAt: z.string() })
  .meta({ id: 'ContentTitle' });

export const NumberedContent = z
  .object({
    id: z.uuid(),
    createdBy: z.uuid().nullable().describe('Null if the user no longer exists.'),
    number: z.number().int().describe('1 is the newest of this user.'),
    title: z.string(),
    status: ContentStatus,
    createdAt: z.string(),
  })
  .meta({ id: 'NumberedContent' });
