import { z } from 'zod';
import { PublicationSummary } from '../posts/shapes.ts';

export const Attempt = z
  .object({
    id: z.uuid(),
    kind: z.enum(['publish', 'prepare', 'confirm', 'reconcile', 'resolve']),
    generation: z.int(),
    startedAt: z.string(),
    commitStartedAt: z.string().nullable().describe('The instant at which the call that makes it public began.'),
    finishedAt: z.string().nullable(),
    outcome: z.string().nullable(),
    failureClass: z.string().nullable(),
    failureCode: z.string().nullable(),
    message: z.string().nullable().describe("The platform's own words."),
  })
  .meta({ id: 'Attempt' });

export const Publication = z
  .object({
    ...PublicationSummary.shape,
    projectId: z.uuid(),
    postId: z.uuid(),
    text: z.string().describe('What this account says: its own text, or the post’s.'),
    options: z.unknown(),
    generation: z.int(),
    nextAttemptAt: z.string().nullable(),
    scheduledAt: z.string().nullable(),
    queuedAt: z.string().nullable(),
    publishingAt: z.string().nullable(),
    commitStartedAt: z.string().nullable(),
    platformPostId: z.string().nullable(),
    platformPublishedAt: z.string().nullable().describe("By the platform's own record."),
    latenessMs: z.int().nullable().describe('Start of the commit against the due instant.'),
    metrics: z.object({
      likes: z.int().nullable(),
      comments: z.int().nullable(),
      shares: z.int().nullable(),
      views: z.int().nullable(),
      fetchedAt: z.string().nullable(),
    }),
    attempts: z.array(Attempt).describe('The newest 50, oldest first.'),
  })
  .meta({ id: 'Publication' });
